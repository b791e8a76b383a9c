#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

fn found(pairs: &[(&'static str, &'static str)]) -> Result<String, u16> {
    let headers = pairs.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let bearer = Bearer::of(&headers.collect()).map_err(|rejection| rejection.status.as_u16())?;
    Ok(bearer.value.to_str().unwrap()[bearer.start..].to_owned())
}

#[test]
fn authorization_wins_over_the_key() {
    let both = [("authorization", "Bearer writ_ses_a"), ("x-api-key", "writ_ses_b")];
    assert_eq!(found(&both), Ok("writ_ses_a".to_owned()));
    assert_eq!(found(&[("authorization", "bEARER writ_ses_a")]), Ok("writ_ses_a".to_owned()));
    assert_eq!(found(&[("authorization", "Bearer sk-x"), ("x-api-key", "writ_ses_b")]), Ok("writ_ses_b".to_owned()));
    assert_eq!(found(&[("x-api-key", "writ_ses_b")]), Ok("writ_ses_b".to_owned()));
}

#[test]
fn anything_else_is_nobody() {
    for value in
        ["Bearer sk-1", "Basic ", "writ_ses_a", "Bearer  writ_ses_a", "Token writ_ses_a", "Bearer writ_sin_a", "b"]
    {
        assert_eq!(found(&[("authorization", value)]), Err(401), "{value}");
    }
    assert_eq!(found(&[]), Err(401));
    assert_eq!(found(&[("x-api-key", "writ_sin_a")]), Err(401));
}

#[test]
fn an_empty_credential_is_a_key_helper_that_failed() {
    for value in ["Bearer", "bearer ", ""] {
        assert_eq!(found(&[("authorization", value), ("x-api-key", "")]), Err(402), "{value}");
        assert_eq!(found(&[("authorization", value)]), Err(402), "{value}");
    }
    assert_eq!(found(&[("authorization", "Bearer"), ("x-api-key", "sk-1")]), Err(401));
    assert_eq!(found(&[("authorization", "Bearer"), ("x-api-key", "writ_ses_b")]), Ok("writ_ses_b".to_owned()));
}
