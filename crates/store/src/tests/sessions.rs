//! Rows of sessions and calls.

use domain::call::{Outcome, Quality};
use domain::session::{How, Opened, Over, Recovered, Suspected};
use domain::{Actor, Event, ProjectId, Span, Usd};

use super::support::{
    NOW, Writer, append, call, developer, node, on_each_engine, open, opened, reserve, reserved, session, settle,
    settled,
};
use crate::{CallFilter, CallRow, CostQuery, Dimension, SessionFilter, SessionRow, SessionStatus, Store};

fn over(number: u64, how: How) -> Event {
    Event::SessionOver(Over { session: session(number), how })
}

fn revoked() -> How {
    How::Revoked { by: Actor::Developer(developer(9)), reason: "it's over".to_owned() }
}

async fn row(store: &Store, number: u64) -> SessionRow {
    store.session(session(number)).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_opened_session_has_all_its_columns() {
    on_each_engine(async |store| {
        let (parent, mut child) = (opened(1, 1), opened(2, 1));
        child.parent = Some(parent.session);
        let child_event = Event::SessionOpened(Box::new(child.clone()));
        Writer::default().append(store, NOW, [open(1, 1), child_event]).await;
        for session in [parent, child] {
            let expected = SessionRow {
                id: session.session,
                parent: session.parent,
                agent: None,
                developer: session.developer,
                project: session.project,
                team: session.team,
                profile: session.profile,
                token: session.token,
                opened_at: NOW,
                expires_at: session.expires_at,
                beats: session.beats,
                budget: session.budget,
                status: SessionStatus::Active,
                over_at: None,
                over_how: None,
                calls: 0,
                spent: Usd::ZERO,
                held: Usd::ZERO,
            };
            assert_eq!(store.session_by_token(&session.token).await.unwrap(), Some(expected.clone()));
            assert_eq!(store.session(session.session).await.unwrap(), Some(expected));
        }
        assert_eq!(store.session(session(3)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn status_follows_the_entries_and_the_first_end_wins() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let suspected = || Event::SessionSuspected(Suspected { session: session(1), last_beat: NOW });
        let recovered = || Event::SessionRecovered(Recovered { session: session(1) });
        writer.append(store, NOW, [open(1, 1), suspected()]).await;
        store.beat(session(1), NOW).await.unwrap();
        assert_eq!(row(store, 1).await.status, SessionStatus::Suspect);
        writer.append(store, NOW, [recovered()]).await;
        assert_eq!(row(store, 1).await.status, SessionStatus::Active);

        let end = NOW + Span::from_secs(9);
        writer.append(store, end, [over(1, revoked())]).await;
        let late = [suspected(), recovered(), over(1, How::MissedBeats)];
        writer.append(store, end + Span::from_secs(1), late).await;
        let ended = row(store, 1).await;
        assert_eq!((ended.status, ended.over_at), (SessionStatus::Revoked, Some(end)));
        assert_eq!(ended.over_how, Some(revoked()));
        assert_eq!(store.last_beats(10).await.unwrap(), [], "its beats are forgotten");
        store.beat(session(1), end).await.unwrap();
        assert_eq!(store.last_beats(10).await.unwrap(), [], "and it beats no more");
    })
    .await;
}

#[tokio::test]
async fn every_way_to_end_has_a_status() {
    on_each_engine(async |store| {
        let ways = [
            (How::Ended { exit_code: Some(3) }, SessionStatus::Ended),
            (revoked(), SessionStatus::Revoked),
            (How::ReachedExpiry, SessionStatus::Expired),
            (How::MissedBeats, SessionStatus::Expired),
            (How::ParentOver { parent: session(1) }, SessionStatus::Ended),
        ];
        let events = (1_u64..).zip(&ways).flat_map(|(number, (how, _))| [open(number, 1), over(number, how.clone())]);
        Writer::default().append(store, NOW, events).await;
        for (number, (how, status)) in (1..).zip(ways) {
            let ended = row(store, number).await;
            assert_eq!((ended.over_how, ended.status), (Some(how), status));
        }
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_newest_first_by_filter_and_page() {
    on_each_engine(async |store| {
        let mut events: Vec<_> = (1..=6).map(|number| open(number, number % 2)).collect();
        events.push(over(5, How::ReachedExpiry));
        Writer::default().append(store, NOW, events).await;
        let list = async |filter: SessionFilter| {
            let rows = store.sessions(&filter).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let all = SessionFilter { limit: 100, ..SessionFilter::default() };
        let ids = |numbers: &[u64]| numbers.iter().map(|&number| session(number)).collect::<Vec<_>>();

        assert_eq!(list(all.clone()).await, ids(&[6, 5, 4, 3, 2, 1]));
        assert_eq!(list(SessionFilter { limit: 2, before: Some(session(5)), ..all.clone() }).await, ids(&[4, 3]));
        assert_eq!(list(SessionFilter { live_only: true, ..all.clone() }).await, ids(&[6, 4, 3, 2, 1]));
        assert_eq!(list(SessionFilter { developer: Some(developer(1)), ..all.clone() }).await, ids(&[5, 3, 1]));
        let project = Some(ProjectId::new(NOW, 1));
        let narrow = SessionFilter {
            sub_agents_of: None,
            project,
            developer: Some(developer(1)),
            live_only: true,
            before: Some(session(3)),
            limit: 9,
        };
        assert_eq!(list(narrow).await, ids(&[1]));
        let foreign = SessionFilter { project: Some(ProjectId::new(NOW, 99)), ..all };
        assert_eq!(list(foreign).await, ids(&[]));
    })
    .await;
}

#[tokio::test]
async fn a_call_is_the_same_row_in_one_batch_or_two() {
    on_each_engine(async |store| {
        let under = opened(1, 1);
        let mut writer = Writer::default();
        writer.append(store, NOW, [open(1, 1)]).await;
        let later = NOW + Span::from_secs(7);
        let (one, two) = (reserved(1, &under, "model-a", 70), reserved(2, &under, "model-a", 70));
        let together = [writer.entry(NOW, reserve(&one)), writer.entry(later, settle(&settled(&one, NOW, 30)))];
        super::support::append(store, &together, &[]).await;
        let first = writer.entry(NOW, reserve(&two));
        super::support::append(store, std::slice::from_ref(&first), &[]).await;

        let open_row = store.call(two.call).await.unwrap().unwrap();
        assert_eq!((open_row.settled_at, open_row.cost, open_row.outcome), (None, None, None));
        assert_eq!(row(store, 1).await.held, Usd::from_nanos(70));

        writer.append(store, later, [settle(&settled(&two, NOW, 30))]).await;
        let expected = CallRow {
            id: two.call,
            session: under.session,
            developer: under.developer,
            project: under.project,
            team: under.team,
            model: "model-a".to_owned(),
            node: node(),
            reserved_at: NOW,
            hold: Usd::from_nanos(70),
            client_session: Some("from-metadata".to_owned()),
            agent: None,
            user_agent: Some("claude-cli/9 'quoted'".to_owned()),
            request: first.entry.request,
            settled_at: Some(later),
            outcome: Some(Outcome::Completed),
            cost: Some(Usd::from_nanos(30)),
            list: Some(Usd::from_nanos(60)),
            quality: Some(Quality::Exact),
            unpriced: false,
            model_served: Some("model-served".to_owned()),
            status: Some(200),
            upstream: Some("anthropic".to_owned()),
            upstream_request: Some("req_upstream".to_owned()),
            usage: settled(&two, NOW, 30).settlement.usage,
        };
        assert_eq!(store.call(two.call).await.unwrap(), Some(expected.clone()));
        let together_row = store.call(one.call).await.unwrap().unwrap();
        assert_eq!(together_row, CallRow { id: one.call, request: together[0].entry.request, ..expected });
        let session = row(store, 1).await;
        assert_eq!((session.calls, session.spent, session.held), (2, Usd::from_nanos(60), Usd::ZERO));
    })
    .await;
}

#[tokio::test]
async fn calls_are_listed_newest_first_by_filter_and_page() {
    on_each_engine(async |store| {
        let (one, two) = (opened(1, 1), opened(2, 1));
        let calls: Vec<_> =
            (1..=6).map(|number| reserved(number, if number % 2 == 1 { &one } else { &two }, "m", 1)).collect();
        let mut events = vec![open(1, 1), open(2, 1)];
        events.extend(calls.iter().map(reserve));
        events.push(settle(&settled(&calls[4], NOW, 1)));
        Writer::default().append(store, NOW, events).await;
        let list = async |filter: CallFilter| {
            let rows = store.calls(&filter).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let all = CallFilter { limit: 100, ..CallFilter::default() };
        let ids = |numbers: &[u64]| numbers.iter().map(|&number| call(number)).collect::<Vec<_>>();

        assert_eq!(list(all.clone()).await, ids(&[6, 5, 4, 3, 2, 1]));
        assert_eq!(list(CallFilter { limit: 2, before: Some(call(5)), ..all.clone() }).await, ids(&[4, 3]));
        assert_eq!(list(CallFilter { open_only: true, ..all.clone() }).await, ids(&[6, 4, 3, 2, 1]));
        let narrow = CallFilter { session: Some(session(1)), open_only: true, before: Some(call(6)), limit: 9 };
        assert_eq!(list(narrow).await, ids(&[3, 1]));
    })
    .await;
}

/// A sub-agent is no session of its own in lists, and its numbers count for the session it works in.
#[tokio::test]
async fn sub_agents_count_for_their_session() {
    on_each_engine(async |store| {
        let agent = Opened { parent: Some(session(1)), agent: Some("a7e6".to_owned()), ..opened(2, 1) };
        let child = Opened { parent: Some(session(1)), ..opened(3, 1) };
        let (own, below) = (reserved(1, &opened(1, 1), "m", 10), reserved(2, &agent, "m", 20));
        let other = reserved(3, &child, "m", 40);
        let events = [
            open(1, 1),
            Event::SessionOpened(Box::new(agent)),
            Event::SessionOpened(Box::new(child)),
            reserve(&own),
            reserve(&below),
            reserve(&other),
            settle(&settled(&own, NOW, 7)),
            settle(&settled(&below, NOW, 5)),
        ];
        append(store, &Writer::default().entries(NOW, events), &[]).await;

        let all = SessionFilter { limit: 100, ..SessionFilter::default() };
        let ids = |rows: &[SessionRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&store.sessions(&all).await.unwrap()), [session(3), session(1)]);
        let agents = SessionFilter { sub_agents_of: Some(session(1)), ..all };
        let agents = store.sessions(&agents).await.unwrap();
        assert_eq!((ids(&agents), agents[0].agent.as_deref()), (vec![session(2)], Some("a7e6")));
        let of = async |number| {
            let row = store.session(session(number)).await.unwrap().unwrap();
            (row.calls, row.spent.nanos(), row.held.nanos())
        };
        assert_eq!((of(1).await, of(2).await, of(3).await), ((2, 12, 0), (1, 5, 0), (1, 0, 40)));
        let calls = CallFilter { session: Some(session(1)), limit: 10, ..CallFilter::default() };
        let calls: Vec<_> = store.calls(&calls).await.unwrap().iter().map(|call| call.id).collect();
        assert_eq!(calls, [call(2), call(1)]);
        for by in [vec![], vec![Dimension::Model]] {
            let query = CostQuery { session: Some(session(1)), by, limit: 10, ..CostQuery::default() };
            let rows = store.cost(&query).await.unwrap();
            assert_eq!((rows.len(), rows[0].calls, rows[0].cost.nanos()), (1, 2, 12));
        }
    })
    .await;
}
