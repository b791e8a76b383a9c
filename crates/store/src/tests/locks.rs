//! Rows of locks and writes: the same wherever one batch ends and the next begins.

use domain::lock::{Granted, Holder, How, Mode, Over, Priority, Queued, Want, Wants};
use domain::write::{Change, Written};
use domain::{Digest, Event, Resource, Span, TicketId};

use super::support::{NOW, Writer, append, on_each_engine, open, session};
use crate::limits::DIFFS_KEPT;
use crate::{Attachment, Diff, LockFilter};

fn resource(text: &str) -> Resource {
    text.parse().unwrap()
}

fn wants(text: &str) -> Wants {
    Wants::new([Want::new(resource(text), Mode::X)]).unwrap()
}

fn ticket(number: u128) -> TicketId {
    TicketId::new(NOW, number)
}

fn queued(number: u128, of: u64) -> Event {
    let (holder, wants, priority) = (Holder::Session(session(of)), wants("env:prod"), Priority::High);
    Event::LockQueued(Box::new(Queued { ticket: ticket(number), holder, wants, priority, intent: None }))
}

fn granted(number: u128, of: u64) -> Event {
    let (holder, wants, priority) = (Holder::Session(session(of)), wants("env:prod"), Priority::High);
    let intent = Some("deploy".to_owned());
    Event::LockGranted(Box::new(Granted { ticket: ticket(number), holder, wants, priority, intent }))
}

fn over(number: u128, of: u64, how: How) -> Event {
    Event::LockOver(Over { ticket: ticket(number), holder: Holder::Session(session(of)), how })
}

/// What happens to three tickets: one waits, is granted and let go; one is passed; one holds.
fn history() -> Vec<Event> {
    vec![
        open(1, 1),
        open(2, 1),
        queued(1, 1),
        granted(2, 2),
        over(2, 2, How::Passed),
        granted(1, 1),
        over(1, 1, How::Broken { reason: "the release waits".to_owned() }),
        granted(3, 2),
    ]
}

#[tokio::test]
async fn rows_do_not_depend_on_where_a_batch_ends() {
    let one_by_one = history().into_iter().map(|event| vec![event]).collect();
    for batches in [vec![history()], one_by_one] {
        on_each_engine(async |store| {
            let mut writer = Writer::default();
            for batch in &batches {
                writer.append(store, NOW, batch.clone()).await;
            }
            let rows = store.locks(&LockFilter { limit: 10, ..LockFilter::default() }).await.unwrap();
            let shown: Vec<_> = rows.iter().map(|row| (row.ticket, row.token, row.how.clone())).collect();
            let broken = How::Broken { reason: "the release waits".to_owned() };
            assert_eq!(shown[0], (ticket(3), Some(7), None));
            assert_eq!(shown[1], (ticket(2), Some(3), Some(How::Passed)));
            assert_eq!(shown[2], (ticket(1), Some(5), Some(broken)));
            let first = &rows[2];
            assert_eq!((first.asked_at, first.granted_at, first.priority), (NOW, Some(NOW), Priority::High));
            assert_eq!((&first.intent, &first.wants), (&Some("deploy".to_owned()), &wants("env:prod")));
        })
        .await;
    }
}

#[tokio::test]
async fn filters_and_holders() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        writer.append(store, NOW, history()).await;
        let all = LockFilter { limit: 10, ..LockFilter::default() };
        let ids = async |filter: LockFilter| {
            let rows = store.locks(&filter).await.unwrap();
            rows.into_iter().map(|row| row.ticket).collect::<Vec<_>>()
        };
        assert_eq!(ids(LockFilter { over_only: true, ..all.clone() }).await, [ticket(2), ticket(1)]);
        assert_eq!(ids(LockFilter { session: Some(session(2)), ..all.clone() }).await, [ticket(3), ticket(2)]);
        assert_eq!(ids(LockFilter { before: Some(ticket(3)), limit: 1, ..all.clone() }).await, [ticket(2)]);
        let held = store.holders_of(&resource("env:prod"), 10).await.unwrap();
        let held: Vec<_> = held.into_iter().map(|by| (by.holder, by.ticket, by.token)).collect();
        let holder = |of| Holder::Session(session(of));
        assert_eq!(held, [(holder(2), ticket(3), 7), (holder(1), ticket(1), 5)]);
        assert_eq!(store.holders_of(&resource("env:staging"), 10).await.unwrap(), []);
        // With its session a ticket is over that has no entry of its own about that.
        let ended = domain::session::Over { session: session(2), how: domain::session::How::Ended { exit_code: None } };
        writer.append(store, NOW + Span::from_secs(1), [Event::SessionOver(ended)]).await;
        let row = store.lock(ticket(3)).await.unwrap().unwrap();
        assert_eq!((row.over_at, row.how), (Some(NOW + Span::from_secs(1)), None));
    })
    .await;
}

#[tokio::test]
async fn writes_come_with_their_diffs_as_long_as_those_are_kept() {
    on_each_engine(async |store| {
        let file = resource("path:github.com/acme/api//pool.toml");
        let mut writer = Writer::default();
        writer.append(store, NOW, [open(1, 1)]).await;
        for text in ["one", "two"] {
            let after = Some(Digest::of(text.as_bytes()));
            let change = Change { resource: file.clone(), before: None, after, hunks: Vec::new(), lines: Vec::new() };
            let written = Written { session: session(1), change, intent: Some("tune".to_owned()) };
            let diff = Diff { session: session(1), resource: file.clone(), after, at: NOW, text: format!("+{text}") };
            let attached = [Attachment::Diff(diff)];
            append(store, &writer.entries(NOW, [Event::ResourceWritten(Box::new(written))]), &attached).await;
        }
        let diffs = async || {
            let rows = store.writes_of(&file, 10).await.unwrap();
            rows.into_iter().map(|row| (row.position, row.diff)).collect::<Vec<_>>()
        };
        assert_eq!(diffs().await, [(2, Some("+two".to_owned())), (1, Some("+one".to_owned()))]);
        assert_eq!(store.writes_of(&file, 1).await.unwrap()[0].intent.as_deref(), Some("tune"));
        store.prune_diffs(NOW + DIFFS_KEPT).await.unwrap();
        assert_eq!(diffs().await.len(), 2);
        assert!(diffs().await[0].1.is_some());
        store.prune_diffs(NOW + DIFFS_KEPT + Span::from_millis(1)).await.unwrap();
        assert_eq!(diffs().await, [(2, None), (1, None)]);
    })
    .await;
}
