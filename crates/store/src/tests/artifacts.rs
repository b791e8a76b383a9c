//! The index of artifacts: every trace leads to its session and to the entry that said so first.

use domain::artifact::Recorded;
use domain::certificate::{Issued, Purpose};
use domain::session::AliasClaimed;
use domain::{ArtifactKind, Event};

use super::support::{NOW, Writer, append, on_each_engine, open, opened, reserve, reserved, session, settle, settled};
use crate::ArtifactRow;

fn commit(number: u64, value: &str) -> Event {
    Event::ArtifactRecorded(Recorded { session: session(number), kind: ArtifactKind::Commit, value: value.to_owned() })
}

fn row(kind: ArtifactKind, value: &str, number: u64, position: u64) -> ArtifactRow {
    ArtifactRow { kind, value: value.to_owned(), session: session(number), position }
}

#[tokio::test]
async fn every_trace_leads_to_its_session() {
    on_each_engine(async |store| {
        let mut call = reserved(1, &opened(1, 1), "m", 1);
        call.claims.agent = Some("a7e6".to_owned());
        let events = [
            open(1, 1),
            open(2, 1),
            Event::AliasClaimed(AliasClaimed { session: session(1), client_session: "0b5c".to_owned() }),
            reserve(&call),
            settle(&settled(&call, NOW, 1)),
            commit(1, "1f2e"),
            Event::CertificateIssued(Issued {
                session: session(2),
                serial: 4711,
                purpose: Purpose::GitSigning,
                key: "SHA256:key".to_owned(),
                valid_until: NOW,
            }),
        ];
        let entries = Writer::default().entries(NOW, events);
        let opening = entries[0].entry.request.unwrap().to_string();
        let reserving = entries[3].entry.request.unwrap().to_string();
        append(store, &entries, &[]).await;

        for expected in [
            row(ArtifactKind::ClientSession, "0b5c", 1, 2),
            row(ArtifactKind::Agent, "a7e6", 1, 3),
            row(ArtifactKind::UpstreamRequest, "req_upstream", 1, 4),
            row(ArtifactKind::Commit, "1f2e", 1, 5),
            row(ArtifactKind::CertificateSerial, "4711", 2, 6),
            row(ArtifactKind::Request, &opening, 1, 0),
        ] {
            assert_eq!(store.artifacts(&expected.value, 10).await.unwrap(), [expected]);
        }
        // Requests of model calls are found through the calls.
        assert_eq!(store.artifacts(&reserving, 10).await.unwrap(), []);
        let of_session: Vec<_> = store.artifacts_of_session(session(1), 10).await.unwrap();
        let positions: Vec<_> = of_session.iter().map(|row| row.position).collect();
        assert!(of_session.iter().all(|row| row.session == session(1) && row.kind != ArtifactKind::UpstreamRequest));
        assert!(positions.is_sorted() && positions.contains(&5), "{of_session:?}");
    })
    .await;
}

#[tokio::test]
async fn the_same_name_twice_is_two_sessions_or_the_first_entry() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let events = [open(1, 1), open(2, 1), commit(1, "abc1"), commit(1, "abc1")];
        append(store, &writer.entries(NOW, events), &[]).await;
        append(store, &writer.entries(NOW, [commit(1, "abc1"), commit(2, "abc1")]), &[]).await;
        let expected = [row(ArtifactKind::Commit, "abc1", 1, 2), row(ArtifactKind::Commit, "abc1", 2, 5)];
        assert_eq!(store.artifacts("abc1", 10).await.unwrap(), expected);
        assert_eq!(store.artifacts("abc1", 1).await.unwrap(), expected[..1]);
    })
    .await;
}

#[tokio::test]
async fn commits_are_found_by_a_short_id() {
    on_each_engine(async |store| {
        let ids = ["abc0123", "abc9fff", "abcd000", "abd0000", "0000000", "fffffff"];
        let events = std::iter::once(open(1, 1)).chain(ids.map(|id| commit(1, id)));
        append(store, &Writer::default().entries(NOW, events), &[]).await;
        let found = async |digits: &str| {
            let rows = store.artifacts_by_digits(digits, 10).await.unwrap();
            rows.into_iter().map(|row| row.value).collect::<Vec<_>>()
        };
        assert_eq!(found("abc").await, ["abc0123", "abc9fff", "abcd000"]);
        assert_eq!(found("fff").await, ["fffffff"]);
        assert_eq!(found("abc0123").await, ["abc0123"]);
        assert_eq!(found("abe").await, Vec::<String>::new());
    })
    .await;
}
