#![allow(clippy::unwrap_used)]

use super::*;

/// The names in logs and columns are those in entries.
#[test]
fn names_are_said_once() {
    for (outcome, name) in [
        (Outcome::Completed, "completed"),
        (Outcome::UpstreamRefused, "upstream_refused"),
        (Outcome::UpstreamUnreachable, "upstream_unreachable"),
        (Outcome::UpstreamCut, "upstream_cut"),
        (Outcome::ClientLeft, "client_left"),
        (Outcome::Revoked, "revoked"),
        (Outcome::Abandoned, "abandoned"),
    ] {
        assert_eq!(outcome.as_str(), name);
        assert_eq!(serde_json::to_value(outcome).unwrap(), name);
    }
    for (quality, name) in [(Quality::Exact, "exact"), (Quality::Estimated, "estimated"), (Quality::Bound, "bound")] {
        assert_eq!(quality.as_str(), name);
        assert_eq!(serde_json::to_value(quality).unwrap(), name);
    }
}
