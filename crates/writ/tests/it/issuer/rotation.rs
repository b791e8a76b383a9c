//! Two rotations from beginning to end, under a clock that only the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use brokers::{PartyKind, ProjectClaim, RelyingParties, RelyingParty, SubjectTemplate, TokenClaims};
use control::plane::ControlPlane;
use control::seam::Clock;
use control::{IssuerSettings, Server, Settings};
use domain::credential::token_id;
use domain::{DeveloperId, ProjectId, SessionId, Span};
use serde_json::json;
use tokio::sync::oneshot;

use super::{published, verified};
use crate::support::{Caller, in_process, run, within};

const START_MS: i64 = 1_800_000_000_000;
/// In milliseconds, as all times of this test are, since the start.
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const AUDIENCE: &str = "sts.amazonaws.com";

fn settings(folder: &std::path::Path) -> Settings {
    let party = RelyingParty::new(AUDIENCE.parse().unwrap(), PartyKind::Aws, SubjectTemplate::default()).unwrap();
    let issuer =
        IssuerSettings { parties: Arc::new(RelyingParties::new(vec![party]).unwrap()), ..IssuerSettings::default() };
    Settings { issuer, ..in_process::settings(folder) }
}

/// A token for a relying party, made now.
fn token(plane: &ControlPlane, life: u64) -> String {
    let now = plane.clock.now();
    let session = SessionId::new(now, 1);
    let claims = TokenClaims {
        audience: vec![AUDIENCE.to_owned()],
        subject: "project:prj_1:profile:default".to_owned(),
        token_id: token_id(session, 1),
        session,
        parents: Vec::new(),
        developer: DeveloperId::new(now, 1),
        developer_label: None,
        project: Some(ProjectClaim { id: ProjectId::new(now, 1), name: "checkout".parse().unwrap() }),
        profile: "default".parse().unwrap(),
        aws: None,
        extra: serde_json::Map::new(),
        issued_at: now,
        expires_at: now + Span::from_millis(life),
    };
    plane.issuer().unwrap().token(&claims).unwrap()
}

/// What was signed, for whom, and until when it must verify.
struct Signed {
    token: String,
    audience: &'static str,
    until: u64,
}

#[test]
fn what_was_signed_before_each_step_verifies_with_the_served_keys_until_it_expires() {
    run(async {
        let folder = crate::support::leaks::folder();
        let clock = Clock::Manual(AtomicI64::new(START_MS));
        let server = Server::start_with_clock(settings(folder.path()), clock).await.unwrap();
        let bootstrap = server.bootstrap_token().unwrap().expose().to_owned();
        let url = server.public_url().to_owned();
        let plane = Arc::clone(server.plane());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run_until(async { drop(stopped.await) }));
        let ada = in_process::administrator(&url, &bootstrap).await;
        let set = |after: u64| {
            let Clock::Manual(now) = &*plane.clock else { unreachable!() };
            now.store(START_MS + i64::try_from(after).unwrap(), Ordering::Relaxed);
        };
        let mut signed: Vec<Signed> = Vec::new();
        let mut kids = Vec::new();
        let mut now = 0;
        for rotation in 0..2 {
            let rotated = ada.post("/v1/keys/rotate", json!({})).await;
            assert_eq!(rotated.status, 200, "{}", rotated.text());
            let signs_from = now + DAY;
            for moment in [now, signs_from - 1, signs_from, signs_from + HOUR] {
                set(moment);
                let session = ada.open(json!({"ttl_seconds": 7 * 86_400})).await;
                let until = moment + 7 * DAY;
                signed.push(Signed { token: session.writ, audience: "writ", until });
                let until = moment + HOUR;
                signed.push(Signed { token: token(&plane, HOUR), audience: AUDIENCE, until });
                let kid = plane.issuer().unwrap().key().kid().to_owned();
                if !kids.contains(&kid) {
                    kids.push(kid);
                }
                assert_eq!(kids.len(), if moment < signs_from { rotation + 1 } else { rotation + 2 }, "{moment}");
                assert_all_verify(&ada, &signed, moment).await;
            }
            now = signs_from + HOUR;
        }
        // Day by day until nothing that was signed before the last rotation counts.
        for days in 0..10 {
            let moment = now + days * DAY;
            set(moment);
            assert_all_verify(&ada, &signed, moment).await;
        }
        let left = published(&ada).await.keys;
        let left: Vec<_> = left.iter().filter_map(|key| key.common.key_id.as_deref()).collect();
        assert_eq!(left, [kids.last().unwrap()], "the others are not published any more");
        drop(stop);
        within("the server to stop", serving).await.unwrap();
    });
}

/// At a moment everything that is not over verifies.
async fn assert_all_verify(caller: &Caller, signed: &[Signed], now: u64) {
    let keys = published(caller).await;
    for one in signed.iter().filter(|one| now < one.until) {
        assert!(verified(&keys, &one.token, one.audience).is_some(), "a key is gone too early, at {now}");
    }
}
