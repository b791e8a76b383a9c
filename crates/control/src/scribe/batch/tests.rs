use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Last, Waiting, gather};
use crate::limits::BATCH_GATHER_MAX;

fn waiting() -> Waiting {
    Waiting { proposal: None, reply: oneshot::channel().0 }
}

/// How many are in the next transaction, when one is there and another comes so much later.
async fn gathered(commands: usize, took: Duration, later: Duration) -> usize {
    let (queue, mut waiting_in_it) = mpsc::channel(8);
    let coming = async move {
        tokio::time::sleep(later).await;
        // Too late is no failure.
        let _ = queue.send(waiting()).await;
    };
    tokio::spawn(coming);
    let mut batch = vec![waiting()];
    gather(&mut waiting_in_it, &mut batch, &Last { commands, took }).await;
    batch.len()
}

/// On a clock that stands still until everybody waits.
#[tokio::test(start_paused = true)]
async fn who_was_answered_last_is_waited_for_a_part_of_a_commit() {
    let millis = Duration::from_millis;
    assert_eq!(gathered(2, millis(12), millis(2)).await, 2);
    assert_eq!(gathered(2, millis(12), millis(5)).await, 1);
    assert_eq!(gathered(2, millis(2), millis(1)).await, 1, "where commits are quick nobody waits");
    assert_eq!(gathered(1, millis(12), millis(2)).await, 1, "nobody else is expected");
    assert_eq!(gathered(2, Duration::from_secs(9), BATCH_GATHER_MAX + millis(2)).await, 1);
}
