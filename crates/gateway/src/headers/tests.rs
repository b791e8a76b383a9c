#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn identity_and_connection_stay_here_the_rest_goes() {
    let mut request = headers(&[
        ("authorization", "Bearer writ_ses_1"),
        ("x-api-key", "writ_ses_1"),
        ("host", "writ.example"),
        ("content-length", "5"),
        ("expect", "100-continue"),
        ("connection", "close , X-One,x-two"),
        ("x-one", "1"),
        ("x-two", "2"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-writ-session", "ses_1"),
        ("writ-session", "ses_1"),
        ("baggage", "writ.session=ses_1"),
        ("tracestate", "vendor=1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("accept-encoding", "br"),
        ("anthropic-beta", "a"),
        ("x-claude-code-session-id", "b"),
        ("cookie", "c"),
    ]);
    for_upstream(&mut request);
    let expected = ["accept-encoding", "anthropic-beta", "cookie", "traceparent", "x-claude-code-session-id"];
    assert_eq!(names(&request), expected);
    assert_eq!(request[header::ACCEPT_ENCODING], "identity");
}

#[test]
fn the_upstreams_request_id_gets_another_name_and_cannot_be_spoofed() {
    let mut answer =
        headers(&[("request-id", "req_up"), ("x-upstream-request-id", "spoof"), ("x-writ-a", "1"), ("etag", "e")]);
    assert_eq!(for_client(&mut answer).unwrap(), "req_up");
    assert_eq!(names(&answer), ["etag", "x-upstream-request-id"]);
    assert_eq!(answer[UPSTREAM_REQUEST_ID], "req_up");
    let mut silent = headers(&[("x-upstream-request-id", "spoof")]);
    assert_eq!(for_client(&mut silent), None);
    assert!(silent.is_empty());
}

#[test]
fn nonsense_in_connection_does_no_harm() {
    let mut request = headers(&[("connection", ",, b@d name,\t,keep-alive"), ("keep-alive", "5"), ("b", "1")]);
    for_upstream(&mut request);
    assert_eq!(names(&request), ["accept-encoding", "b"]);
}

#[test]
fn a_beta_is_added_once_to_what_the_client_asked_for() {
    for (before, after) in [
        (&[][..], "oauth-2025-04-20"),
        (&["a-1, b-2"], "a-1, b-2,oauth-2025-04-20"),
        (&["a-1", "b-2"], "a-1,b-2,oauth-2025-04-20"),
    ] {
        let mut headers = HeaderMap::new();
        for value in before {
            headers.append("anthropic-beta", HeaderValue::from_static(value));
        }
        for _ in 0..2 {
            add_beta(&mut headers, "oauth-2025-04-20");
            assert_eq!(headers.get_all("anthropic-beta").iter().collect::<Vec<_>>(), [after]);
        }
    }
}
