#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

#[test]
fn only_the_path_decides() {
    assert_eq!(Route::of(&Method::POST, "/v1/messages"), Ok(Route::Message));
    assert_eq!(Route::of(&Method::POST, "/v1/messages/count_tokens"), Ok(Route::CountTokens));
    assert_eq!(Route::of(&Method::GET, "/v1/models"), Ok(Route::Models));
    assert_eq!(Route::of(&Method::GET, "/v1/models/claude-opus-5%5B1m%5D"), Ok(Route::Models));
    assert_eq!(Route::of(&Method::HEAD, "/api/hello"), Ok(Route::Hello));
}

#[test]
fn no_way_out_of_the_list_of_models() {
    for path in ["..", ".", "", "a/b", "../messages/batches", "%2e%2e", "%2E%2e%2Fmessages", "a%5c..", "a\\b"] {
        let refused = Route::of(&Method::GET, &format!("/v1/models/{path}")).unwrap_err();
        assert_eq!(refused.status, 404, "{path}");
    }
}

#[test]
fn what_is_refused_in_anthropics_shape_is_served() {
    for path in ["/v1/messages", "/v1/messages/batches", "/v1/messages/", "/v1/models", "/v1/models/x", "/api/hello"] {
        assert!(Route::serves(path), "{path}");
    }
    for path in ["/", "/v1/sessions", "/v1/messagesx", "/v1/modelsx", "/api/hello/", "/v1"] {
        assert!(!Route::serves(path), "{path}");
    }
}
