#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;
use crate::SigningAlgorithm::{Es256, Rs256};

fn audience(text: &str) -> Audience {
    text.parse().unwrap()
}

fn party(text: &str, kind: PartyKind) -> RelyingParty {
    RelyingParty::new(audience(text), kind, SubjectTemplate::default()).unwrap()
}

#[test]
fn kinds_have_names_and_are_known_by_audience() {
    for kind in PartyKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    let refused = "Aws".parse::<PartyKind>().unwrap_err();
    assert!(refused.starts_with("`Aws` is no kind of relying party: known are `aws`, `azure`"), "{refused}");
    for (text, kind) in [
        ("sts.amazonaws.com", PartyKind::Aws),
        ("api://AzureADTokenExchange", PartyKind::Azure),
        ("api://AzureADTokenExchangeUSGov", PartyKind::Azure),
        ("//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q", PartyKind::Gcp),
        ("https://registry.example.com", PartyKind::Generic),
    ] {
        assert_eq!(PartyKind::of_audience(&audience(text)), kind, "{text}");
    }
}

#[test]
fn audiences_are_plain_and_bounded() {
    for good in ["x", "sts.amazonaws.com", "api://AzureADTokenExchange", "https://kubernetes.default.svc"] {
        assert_eq!(audience(good).to_string(), good);
    }
    for bad in ["", "a b", "a\"b", "a\\b", "ü", "a\n", &"x".repeat(256)] {
        assert_eq!(bad.parse::<Audience>(), Err(AudienceError), "{bad}");
    }
    assert!("x".repeat(255).parse::<Audience>().is_ok());
}

use super::super::AudienceError;

#[test]
fn what_a_kind_refuses_is_refused_when_it_is_configured() {
    let entra = party("api://AzureADTokenExchange", PartyKind::Azure);
    assert!(entra.check(Rs256, false).is_ok());
    assert!(matches!(entra.check(Es256, false), Err(PartyError::Algorithm { .. })));
    let other = RelyingParty::new(audience("entra"), PartyKind::Azure, SubjectTemplate::default());
    assert_eq!(other, Err(PartyError::EntraAudience(audience("entra"))));
    let ceph = party("rgw", PartyKind::Ceph);
    assert!(ceph.check(Rs256, true).is_ok());
    assert_eq!(ceph.check(Rs256, false), Err(PartyError::Certificates(audience("rgw"))));
    assert!(matches!(ceph.check(Es256, true), Err(PartyError::Algorithm { .. })));
    assert!(party("sts.amazonaws.com", PartyKind::Aws).check(Es256, false).is_ok());
}

#[test]
fn only_those_that_are_configured_are_found_and_each_once() {
    let parties = RelyingParties::new(vec![party("a", PartyKind::Generic), party("b", PartyKind::Vault)]).unwrap();
    assert_eq!(parties.find("b").unwrap().kind(), PartyKind::Vault);
    assert_eq!(parties.find("c").unwrap_err().to_string(), "no token is made for the audience `c`: there are `a`, `b`");
    let none = RelyingParties::default().find("c").unwrap_err().to_string();
    assert!(none.ends_with("none is configured, ask an administrator to add it to `[[issuer.audiences]]`"), "{none}");
    let twice = RelyingParties::new(vec![party("a", PartyKind::Generic), party("a", PartyKind::Vault)]);
    assert_eq!(twice, Err(PartyError::Twice("a".to_owned())));
    let many = |count: usize| {
        RelyingParties::new((0..count).map(|number| party(&number.to_string(), PartyKind::Generic)).collect())
    };
    assert!(many(PARTIES_MAX).is_ok());
    assert_eq!(many(PARTIES_MAX + 1), Err(PartyError::TooMany(PARTIES_MAX + 1)));
}
