//! Cursors and leases of exports, and what exports gave up on.

use domain::{NodeId, Span, Time};

use super::support::{NOW, node, on_each_engine};
use crate::{DeadRow, ExportRow, Lease};

fn lease(node: NodeId, now: Time) -> Lease {
    Lease { node, now, until: now + Span::from_secs(15) }
}

#[tokio::test]
async fn one_node_at_a_time_holds_an_export() {
    on_each_engine(async |store| {
        let (one, two) = (node(), NodeId::new(NOW, 8));
        let later = NOW + Span::from_secs(10);
        let lapsed = later + Span::from_secs(15);
        let take = async |by, at, alone| store.export_take("siem", 5, lease(by, at), alone).await.unwrap();
        assert_eq!(take(one, NOW, false).await, Some(5), "a new one begins where it is told");
        assert_eq!(take(two, later, false).await, None);
        assert!(store.export_advance("siem", 7, lease(one, later)).await.unwrap());
        assert_eq!(take(one, later, false).await, Some(7), "it is there already: its beginning does not matter");
        assert_eq!(take(two, lapsed, false).await, Some(7), "the first one fell silent");
        assert!(!store.export_advance("siem", 9, lease(one, lapsed)).await.unwrap(), "and lost it");
        assert!(!store.export_stuck("siem", "down", lease(one, lapsed)).await.unwrap());
        store.export_release("siem", one).await.unwrap();
        assert_eq!(take(one, lapsed, false).await, None, "only its holder lets go");
        assert_eq!(take(one, lapsed, true).await, Some(7), "nobody else can be there");
        store.export_release("siem", one).await.unwrap();
        assert_eq!(take(two, lapsed, false).await, Some(7));
    })
    .await;
}

#[tokio::test]
async fn an_export_shows_where_it_stands() {
    on_each_engine(async |store| {
        assert_eq!(store.exports().await.unwrap(), []);
        let lease = lease(node(), NOW);
        store.export_take("siem", 0, lease, false).await.unwrap();
        assert!(store.export_stuck("siem", "cannot connect", lease).await.unwrap());
        store.export_bury("siem", 3, 1, "400", NOW).await.unwrap();
        let row = ExportRow {
            name: "siem".to_owned(),
            next: 0,
            holder: Some((node(), lease.until)),
            last_error: Some("cannot connect".to_owned()),
            last_at: None,
            dead: 1,
        };
        assert_eq!(store.exports().await.unwrap(), std::slice::from_ref(&row));
        assert!(store.export_advance("siem", 2, lease).await.unwrap());
        let moved = ExportRow { next: 2, last_error: None, last_at: Some(NOW), ..row };
        assert_eq!(store.exports().await.unwrap(), [moved]);
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_is_listed_until_it_is_delivered() {
    on_each_engine(async |store| {
        for position in [9, 4, 6] {
            store.export_bury("siem", position, 2, "said 400", NOW).await.unwrap();
        }
        store.export_bury("other", 4, 1, "said 400", NOW).await.unwrap();
        let dead = |position, attempts, error: &str, due| DeadRow {
            position,
            attempts,
            error: error.to_owned(),
            at: NOW,
            due,
        };
        let rows = [dead(4, 2, "said 400", false), dead(6, 2, "said 400", false), dead(9, 2, "said 400", false)];
        assert_eq!(store.export_dead("siem", 0, 10).await.unwrap(), rows);
        assert_eq!(store.export_dead("siem", 5, 1).await.unwrap(), rows[1..2]);
        assert_eq!(store.export_dead_count("siem").await.unwrap(), 3);
        assert!(store.export_due("siem", 10).await.unwrap().is_empty());

        assert_eq!(store.export_retry("siem", Some(6)).await.unwrap(), 1);
        assert_eq!(store.export_retry("siem", Some(5)).await.unwrap(), 0);
        assert_eq!(store.export_due("siem", 10).await.unwrap(), [6]);
        store.export_bury("siem", 6, 1, "said 422", NOW).await.unwrap();
        assert_eq!(store.export_dead("siem", 6, 1).await.unwrap(), [dead(6, 3, "said 422", false)]);

        assert_eq!(store.export_retry("siem", None).await.unwrap(), 3);
        assert_eq!(store.export_due("siem", 2).await.unwrap(), [4, 6]);
        store.export_revived("siem", 4).await.unwrap();
        assert_eq!(store.export_due("siem", 9).await.unwrap(), [6, 9]);
        assert_eq!(store.export_dead("other", 0, 9).await.unwrap(), [dead(4, 1, "said 400", false)]);
    })
    .await;
}
