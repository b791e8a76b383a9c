//! Searching the log, and finding places in it.

use domain::artifact::Recorded;
use domain::session::{How, Over};
use domain::{Actor, ArtifactKind, Event, RequestId, Span, Time};

use super::support::{
    NOW, Random, Writer, append, call, developer, on_each_engine, open, opened, reserve, reserved, session, settle,
    settled,
};
use crate::search::Bounds;
use crate::{About, CallPositions, EntryQuery, SessionFilter, Store};

fn over(number: u64) -> Event {
    Event::SessionOver(Over { session: session(number), how: How::ReachedExpiry })
}

fn commit(number: u64, value: &str) -> Event {
    Event::ArtifactRecorded(Recorded { session: session(number), kind: ArtifactKind::Commit, value: value.to_owned() })
}

/// Positions 0 to 9: sessions 1 (developer 1, a project) and 2 (developer 2, none), a call of each, and their ends.
async fn story(store: &Store) {
    let (one, mut two) = (reserved(1, &opened(1, 1), "opus", 1), reserved(2, &opened(2, 2), "haiku", 1));
    two.claims = domain::session::Claims::default();
    let events = [
        open(1, 1),
        open(2, 2),
        reserve(&one),
        reserve(&two),
        settle(&settled(&one, NOW, 5)),
        commit(1, "abc1234"),
        settle(&settled(&two, NOW, 5)),
        over(1),
        over(2),
        open(3, 1),
    ];
    append(store, &Writer::default().entries(NOW, events), &[]).await;
}

fn all() -> EntryQuery {
    EntryQuery { limit: 100, ..EntryQuery::default() }
}

async fn found(store: &Store, query: EntryQuery) -> Vec<u64> {
    let page = store.search(&query).await.unwrap();
    assert_eq!(page.next, None, "{query:?}");
    page.entries.iter().map(|entry| entry.position).collect()
}

#[tokio::test]
async fn each_condition_holds_alone_and_with_others() {
    on_each_engine(async |store| {
        story(store).await;
        let project = opened(1, 1).project.unwrap();
        for (query, expected) in [
            (all(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9][..]),
            (EntryQuery { session: Some(session(1)), ..all() }, &[0, 2, 4, 5, 7]),
            (EntryQuery { developer: Some(developer(2)), ..all() }, &[1, 3, 6, 8]),
            (EntryQuery { developer: Some(developer(7)), ..all() }, &[]),
            (EntryQuery { project: Some(project), ..all() }, &[0, 2, 4, 5, 7, 9]),
            (EntryQuery { kind: Some("session.".to_owned()), ..all() }, &[0, 1, 7, 8, 9]),
            (EntryQuery { kind: Some("session.over".to_owned()), ..all() }, &[7, 8]),
            (EntryQuery { kind: Some("call".to_owned()), ..all() }, &[2, 3, 4, 6]),
            (EntryQuery { kind: Some("call.settled".to_owned()), developer: Some(developer(1)), ..all() }, &[4]),
            (EntryQuery { kind: Some("session.".to_owned()), session: Some(session(1)), ..all() }, &[0, 7]),
            (EntryQuery { kind: Some("se%".to_owned()), ..all() }, &[]),
            (EntryQuery { from: 3, until: Some(7), ..all() }, &[3, 4, 5, 6]),
            (EntryQuery { from: 3, session: Some(session(1)), until: Some(7), ..all() }, &[4, 5]),
            (EntryQuery { value: Some("haiku".to_owned()), ..all() }, &[3, 6]),
            (EntryQuery { value: Some("aik".to_owned()), ..all() }, &[]),
            (EntryQuery { value: Some("claude-cli/9 'quoted'".to_owned()), ..all() }, &[2]),
            (EntryQuery { about: vec![About::Entries(vec![5, 2, 99])], ..all() }, &[2, 5]),
            (EntryQuery { about: vec![About::Entries(Vec::new())], ..all() }, &[]),
            (
                EntryQuery { about: vec![About::Entries(vec![6]), About::Session(session(1))], ..all() },
                &[0, 2, 4, 5, 6, 7],
            ),
            (
                EntryQuery {
                    about: vec![About::Kind("artifact.".to_owned()), About::Kind("session.over".to_owned())],
                    ..all()
                },
                &[5, 7, 8],
            ),
            (
                EntryQuery { about: vec![About::Developer(developer(2)), About::Project(project)], from: 6, ..all() },
                &[6, 7, 8, 9],
            ),
        ] {
            assert_eq!(found(store, query.clone()).await, expected, "{query:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_found_says_whose_it_is() {
    on_each_engine(async |store| {
        story(store).await;
        let page = store.search(&EntryQuery { from: 5, until: Some(6), ..all() }).await.unwrap();
        let [entry] = &page.entries[..] else { panic!("{page:?}") };
        assert_eq!((entry.session, entry.developer), (Some(session(1)), Some(developer(1))));
        assert_eq!(entry.project, opened(1, 1).project);
        assert_eq!(store.entry(5).await.unwrap().unwrap().bytes, entry.bytes);
        assert_eq!(ledger::leaf_hash(&entry.bytes), entry.leaf);
    })
    .await;
}

#[tokio::test]
async fn an_actor_is_found_where_nothing_else_names_them() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let mut entries = writer.entries(NOW, [open(1, 1), over(1)]);
        entries[1].entry.actor = Actor::Developer(developer(9));
        entries[1].bytes = ledger::encode(&entries[1].entry).unwrap();
        append(store, &entries, &[]).await;
        assert_eq!(found(store, EntryQuery { developer: Some(developer(9)), ..all() }).await, [1]);
    })
    .await;
}

/// Pages follow each other without a gap or a repetition, whatever their size.
#[tokio::test]
async fn pages_make_up_the_whole() {
    on_each_engine(async |store| {
        story(store).await;
        let queries = [
            all(),
            EntryQuery { session: Some(session(1)), ..all() },
            EntryQuery { kind: Some("session.".to_owned()), ..all() },
            EntryQuery { value: Some("haiku".to_owned()), ..all() },
        ];
        for query in queries {
            let expected = found(store, query.clone()).await;
            for limit in 1..=4 {
                let (mut paged, mut from) = (Vec::new(), Some(0));
                while let Some(at) = from {
                    let page = store.search(&EntryQuery { from: at, limit, ..query.clone() }).await.unwrap();
                    assert!(page.entries.len() <= limit && page.next.is_none_or(|next| next > at), "{page:?}");
                    paged.extend(page.entries.iter().map(|entry| entry.position));
                    from = page.next;
                }
                assert_eq!(paged, expected, "{query:?} by {limit}");
            }
        }
    })
    .await;
}

/// A search stops at its bounds, says how far it came, and goes on from there.
#[tokio::test]
async fn a_long_search_is_cut_at_its_bounds() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let calls = (1..=50).map(|number| reserve(&reserved(number, &opened(1, 1), "m", 1)));
        append(store, &writer.entries(NOW, calls.chain((0..50).map(|_| over(1)))), &[]).await;
        let bounds = Bounds { window: 4, entries: 20, bytes: usize::MAX };
        let search = async |query: &EntryQuery, bounds| {
            let page = store.search_within(query, bounds).await.unwrap();
            (page.entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), page.next)
        };
        let none = EntryQuery { value: Some("nowhere".to_owned()), ..all() };
        assert_eq!(search(&none, bounds).await, (vec![], Some(20)));
        assert_eq!(search(&EntryQuery { from: 75, ..none.clone() }, bounds).await, (vec![], Some(95)));
        assert_eq!(search(&EntryQuery { from: 95, ..none }, bounds).await, (vec![], None));
        // Calls are passed over without being read.
        let rare = EntryQuery { kind: Some("session.opened".to_owned()), ..all() };
        assert_eq!(search(&rare, bounds).await, (vec![], Some(70)));
        // One entry more than the bytes allow, so that every page has one.
        let first = search(&all(), Bounds { bytes: 1, ..bounds }).await;
        assert_eq!(first, (vec![0], Some(1)));
    })
    .await;
}

#[tokio::test]
async fn a_moment_leads_to_its_first_entry() {
    on_each_engine(async |store| {
        assert_eq!(store.position_at(NOW).await.unwrap(), 0);
        let (mut random, mut writer, mut times) = (Random::seeded(), Writer::default(), Vec::<Time>::new());
        let mut now = NOW;
        for _ in 0..60 {
            now = now + Span::from_millis(random.below(4));
            let count = 1 + random.below(3);
            append(store, &writer.entries(now, (0..count).map(|_| over(1))), &[]).await;
            times.extend((0..count).map(|_| now));
        }
        for offset in 0..=now.since(NOW).as_millis() + 1 {
            let moment = NOW + Span::from_millis(offset);
            let expected = times.iter().position(|time| *time >= moment).unwrap_or(times.len());
            assert_eq!(store.position_at(moment).await.unwrap(), expected as u64, "{offset} ms");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_is_found_by_its_request() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let mut entries = writer.entries(NOW, (1..=9).map(|number| reserve(&reserved(number, &opened(1, 1), "m", 1))));
        let requests = [NOW, NOW - Span::from_secs(4), NOW - Span::from_secs(170), NOW + Span::from_millis(900)];
        for (entry, at) in entries.iter_mut().zip(requests) {
            entry.entry.request = Some(RequestId::new(at, 77));
            entry.bytes = ledger::encode(&entry.entry).unwrap();
        }
        append(store, &entries, &[]).await;
        for (number, at) in (1..).zip(requests) {
            let found = store.call_of_request(RequestId::new(at, 77)).await.unwrap();
            assert_eq!(found.map(|found| found.id), Some(call(number)));
        }
        for nobodys in [RequestId::new(NOW, 78), RequestId::new(NOW - Span::from_secs(1000), 77)] {
            assert_eq!(store.call_of_request(nobodys).await.unwrap(), None);
        }
        assert_eq!(store.call_positions(call(3)).await.unwrap(), Some(CallPositions { reserved: 2, settled: None }));
        let end = settle(&settled(&reserved(3, &opened(1, 1), "m", 1), NOW, 1));
        append(store, &writer.entries(NOW, [end]), &[]).await;
        assert_eq!(store.call_positions(call(3)).await.unwrap(), Some(CallPositions { reserved: 2, settled: Some(9) }));
        assert_eq!(store.call_positions(call(99)).await.unwrap(), None);
        assert_eq!(store.user_agents(session(1), 10).await.unwrap(), ["claude-cli/9 'quoted'"]);
        assert_eq!(store.user_agents(session(2), 10).await.unwrap(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_session_has_an_opening_and_neighbours() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        append(store, &writer.entries(NOW, (1..=6).map(|number| open(number, number % 2))), &[]).await;
        append(store, &writer.entries(NOW, [over(4)]), &[]).await;
        assert_eq!(store.opening_position(session(4)).await.unwrap(), Some(3));
        assert_eq!(store.opening_position(session(9)).await.unwrap(), None);
        let ids = async |after, filter: SessionFilter| {
            let rows = store.sessions_after(session(after), &filter).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let all = SessionFilter { limit: 10, ..SessionFilter::default() };
        assert_eq!(ids(3, all.clone()).await, [session(4), session(5), session(6)]);
        assert_eq!(ids(3, SessionFilter { limit: 1, ..all.clone() }).await, [session(4)]);
        assert_eq!(
            ids(1, SessionFilter { developer: Some(developer(0)), ..all.clone() }).await,
            [session(2), session(4), session(6)]
        );
        assert_eq!(
            ids(1, SessionFilter { before: Some(session(5)), live_only: true, ..all }).await,
            [session(2), session(3)]
        );
    })
    .await;
}
