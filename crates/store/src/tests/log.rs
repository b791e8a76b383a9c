//! The log itself: what is appended comes back, and what is not committed does not.

use domain::Event;
use domain::node::Started;

use super::support::{
    NOW, Writer, append, node, on_each_engine, open, opened, reserve, reserved, session, settle, settled,
};
use crate::{NewEntry, StoreError, StoredEntry};

fn stored(entries: &[NewEntry]) -> Vec<StoredEntry> {
    let stored =
        |entry: &NewEntry| StoredEntry { position: entry.position, bytes: entry.bytes.clone(), leaf: entry.leaf };
    entries.iter().map(stored).collect()
}

#[tokio::test]
async fn entries_come_back_byte_for_byte() {
    on_each_engine(async |store| {
        let entries = Writer::default().entries(NOW, (0..5).map(|number| open(number % 5, number)));
        append(store, &entries, &[]).await;
        let expected = stored(&entries);

        assert_eq!(store.entries(None, 100).await.unwrap(), expected);
        assert_eq!(store.entries(Some(0), 2).await.unwrap(), expected[1..3]);
        assert_eq!(store.entries(Some(4), 100).await.unwrap(), []);
        assert_eq!(store.entry(3).await.unwrap().as_ref(), Some(&expected[3]));
        assert_eq!(store.entry(5).await.unwrap(), None);

        let mut append = store.begin_append().await.unwrap();
        assert_eq!(append.next_position().await.unwrap(), 5);
        assert_eq!(append.entries(Some(2), 100).await.unwrap(), expected[3..]);
        assert_eq!(append.entries(None, 1).await.unwrap(), expected[..1]);
    })
    .await;
}

#[tokio::test]
async fn entries_of_a_session_are_its_newest_in_order() {
    on_each_engine(async |store| {
        let suspected = |number, at| {
            Event::SessionSuspected(domain::session::Suspected { session: session(number), last_beat: at })
        };
        let mut events = vec![open(1, 1), open(2, 1)];
        events.extend((0..6).map(|step| suspected(1 + step % 2, NOW)));
        let mut writer = Writer::default();
        append(store, &writer.entries(NOW, events), &[]).await;

        let positions = |entries: Vec<StoredEntry>| entries.iter().map(|entry| entry.position).collect::<Vec<_>>();
        assert_eq!(positions(store.entries_of_session(session(1), 100).await.unwrap()), [0, 2, 4, 6]);
        assert_eq!(positions(store.entries_of_session(session(1), 2).await.unwrap()), [4, 6]);
        let call = reserved(1, &opened(1, 1), "m", 1);
        let calls = [reserve(&call), settle(&settled(&call, NOW, 1))];
        append(store, &writer.entries(NOW, calls), &[]).await;
        assert_eq!(positions(store.entries_of_session(session(1), 3).await.unwrap()), [6, 8, 9]);
        let refused = Event::CallRefused(domain::call::Refused {
            call: call.call,
            session: session(1),
            code: "over".to_owned(),
            model: "m".to_owned(),
            hold: call.hold,
        });
        append(store, &writer.entries(NOW, [refused, reserve(&reserved(2, &opened(1, 1), "m", 1))]), &[]).await;
        assert_eq!(positions(store.entries_of_session(session(1), 9).await.unwrap()), [0, 2, 4, 6, 8, 9, 10, 11]);
        assert!(store.entries_of_session(session(3), 2).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn entries_of_a_session_are_read_in_order_to_an_end() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        append(store, &writer.entries(NOW, [open(1, 1), open(2, 1)]), &[]).await;
        for number in 0..4 {
            let call = reserved(number, &opened(1 + number % 2, 1), "m", 1);
            append(store, &writer.entries(NOW, [reserve(&call), settle(&settled(&call, NOW, 1))]), &[]).await;
        }
        let positions = async |after, below, limit| {
            let entries = store.session_entries(session(1), after, below, limit).await.unwrap();
            entries.iter().map(|entry| entry.position).collect::<Vec<_>>()
        };
        assert_eq!(positions(None, 99, 99).await, [0, 2, 3, 6, 7]);
        assert_eq!(positions(None, 7, 99).await, [0, 2, 3, 6]);
        assert_eq!(positions(Some(2), 99, 2).await, [3, 6]);
        assert_eq!(store.count_session_entries(session(1), 99).await.unwrap(), 5);
        assert_eq!(store.count_session_entries(session(1), 6).await.unwrap(), 3);
        assert_eq!(store.count_session_entries(session(3), 99).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_append_leaves_nothing() {
    on_each_engine(async |store| {
        let entries = Writer::default().entries(NOW, [open(1, 1)]);
        {
            let mut append = store.begin_append().await.unwrap();
            append.insert(&entries, &[]).await.unwrap();
            assert_eq!(append.entries(None, 10).await.unwrap().len(), 1, "its own entries are seen inside");
        }
        let mut append = store.begin_append().await.unwrap();
        assert_eq!(append.next_position().await.unwrap(), 0);
        drop(append);
        assert_eq!(store.entries(None, 10).await.unwrap(), []);
        assert_eq!(store.session(session(1)).await.unwrap(), None);

        self::append(store, &entries, &[]).await;
        assert_eq!(store.totals().await.unwrap().entries, 1);
    })
    .await;
}

#[tokio::test]
async fn an_append_may_insert_more_than_once() {
    on_each_engine(async |store| {
        let entries = Writer::default().entries(NOW, [open(1, 1), open(2, 1), open(3, 1)]);
        let mut append = store.begin_append().await.unwrap();
        append.insert(&entries[..2], &[]).await.unwrap();
        append.insert(&[], &[]).await.unwrap();
        append.insert(&entries[2..], &[]).await.unwrap();
        assert_eq!(append.next_position().await.unwrap(), 3);
        append.commit().await.unwrap();
        assert_eq!(store.entries(None, 10).await.unwrap(), stored(&entries));
    })
    .await;
}

#[tokio::test]
async fn positions_have_no_gap_and_no_second_use() {
    on_each_engine(async |store| {
        let entries = Writer::default().entries(NOW, [open(1, 1), open(2, 1), open(3, 1)]);
        for wrong in [&entries[1..], &[entries[0].clone(), entries[2].clone()]] {
            let mut append = store.begin_append().await.unwrap();
            let refused = append.insert(wrong, &[]).await;
            assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
        }
        append(store, &entries, &[]).await;
        let mut again = store.begin_append().await.unwrap();
        assert!(matches!(again.insert(&entries[2..], &[]).await, Err(StoreError::Corrupt { .. })));
    })
    .await;
}

/// Who has read on to the end of the log goes on there, unless the log is not the one they read.
#[tokio::test]
async fn what_was_read_on_from_must_be_there() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        writer.append(store, NOW, [open(1, 1), open(2, 1), open(3, 1)]).await;
        let next = writer.entries(NOW, [open(4, 1)]);
        for (after, limit, found) in [(Some(2), 10, 0), (Some(1), 10, 1), (Some(1), 1, 1), (None, 10, 3), (None, 2, 2)]
        {
            let mut append = store.begin_append().await.unwrap();
            assert_eq!(append.entries(after, limit).await.unwrap().len(), found);
            append.insert(&next, &[]).await.unwrap();
        }
        let mut append = store.begin_append().await.unwrap();
        assert_eq!(append.entries(Some(9), 10).await.unwrap(), []);
        let refused = append.insert(&Writer::at(10).entries(NOW, [open(4, 1)]), &[]).await;
        assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    })
    .await;
}

/// A failed statement ends the transaction on one engine and poisons it on the other; neither may commit a part.
#[tokio::test]
async fn after_a_failure_nothing_can_be_committed() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        // The second session is the first again, which its key refuses.
        let entries = writer.entries(NOW, [open(1, 1), open(1, 1)]);
        let rest = writer.entries(NOW, [open(2, 1)]);
        let mut append = store.begin_append().await.unwrap();
        assert!(matches!(append.insert(&entries, &[]).await, Err(StoreError::Corrupt { .. })));
        assert!(matches!(append.insert(&rest, &[]).await, Err(StoreError::Unavailable { .. })));
        assert!(matches!(append.commit().await, Err(StoreError::Unavailable { .. })));
        assert_eq!(store.begin_append().await.unwrap().next_position().await.unwrap(), 0);
        assert_eq!(store.entries(None, 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn any_number_of_entries_fits_a_batch() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let mut written = Vec::new();
        for count in [1_u64, 3, 255, 256, 257, 2000] {
            let started = (0..count).map(|_| Event::NodeStarted(Started { node: node(), version: count.to_string() }));
            let entries = writer.entries(NOW, started);
            append(store, &entries, &[]).await;
            written.extend(stored(&entries));
        }
        assert_eq!(store.entries(None, written.len()).await.unwrap(), written);
    })
    .await;
}
