#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn kinds_read_back_as_they_are_spelled() {
    for kind in ArtifactKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
    assert_eq!("elephant".parse::<ArtifactKind>(), Err(ArtifactKindError));
}

#[test]
fn what_may_be_claimed_is_a_claim() {
    for kind in ArtifactKind::ALL {
        assert!(kind.is_claim() || !kind.may_be_claimed(), "{kind}");
    }
}
