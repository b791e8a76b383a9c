#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

#[test]
fn claims_are_cut_and_cleaned() {
    let mut headers = HeaderMap::new();
    let long = http::HeaderValue::from_bytes(&b"\xc3\xa9\tagent ".repeat(50)).unwrap();
    headers.insert(USER_AGENT, long);
    headers.insert("x-claude-code-agent-id", http::HeaderValue::from_static("\t"));
    let facts = RequestFacts { metadata_session_id: Some("a\u{0}b".to_owned()), ..RequestFacts::default() };
    let claims = claims(&headers, &facts);
    let agent = claims.user_agent.unwrap();
    assert_eq!(agent.chars().count(), CLAIM_CHARS_MAX);
    assert!(agent.starts_with("éagent éagent"), "{agent}");
    assert_eq!(claims.metadata_session.as_deref(), Some("ab"));
    assert_eq!((claims.agent, claims.client_session), (None, None));
}
