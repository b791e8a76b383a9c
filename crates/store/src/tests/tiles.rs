//! Tiles, leaf hashes and checkpoints: kept as they were put, and bounded.

use domain::Digest;

use super::support::{NOW, Writer, append, on_each_engine, open};
use crate::limits::CHECKPOINTS_KEPT;
use crate::{CheckpointRow, TileRow};

fn tile(level: u8, number: u64) -> TileRow {
    let root = Digest::of(&[level, number as u8]);
    TileRow { level, number, root, hashes: vec![number as u8; 8192] }
}

#[tokio::test]
async fn tiles_come_back_and_are_never_replaced() {
    on_each_engine(async |store| {
        assert_eq!(store.tiles_of_level(0).await.unwrap(), 0);
        store.put_tiles(vec![tile(0, 0), tile(0, 1), tile(1, 0)]).await.unwrap();
        let other = TileRow { root: Digest::of(b"other"), ..tile(0, 1) };
        store.put_tiles(vec![other, tile(0, 2), tile(0, 4)]).await.unwrap();
        assert_eq!(store.tile(0, 1).await.unwrap(), Some(tile(0, 1)));
        assert_eq!(store.tile(1, 0).await.unwrap(), Some(tile(1, 0)));
        assert_eq!(store.tile(0, 3).await.unwrap(), None);
        assert_eq!(store.tiles_of_level(0).await.unwrap(), 5);
        let roots: Vec<_> = (1..3).map(|number| tile(0, number).root).collect();
        // Up to the gap.
        assert_eq!(store.tile_roots(0, 1, 9).await.unwrap(), roots);
        assert_eq!(store.tile_roots(0, 1, 1).await.unwrap(), roots[..1]);
    })
    .await;
}

#[tokio::test]
async fn leaves_are_those_of_the_entries() {
    on_each_engine(async |store| {
        assert_eq!(store.next_position().await.unwrap(), 0);
        let entries = Writer::default().entries(NOW, (0..5).map(|number| open(number, number)));
        append(store, &entries, &[]).await;
        let leaves: Vec<_> = entries.iter().map(|entry| entry.leaf).collect();
        assert_eq!(store.leaves(0, 10).await.unwrap(), leaves);
        assert_eq!(store.leaves(2, 2).await.unwrap(), leaves[2..4]);
        assert_eq!(store.leaves(5, 2).await.unwrap(), []);
        assert_eq!(store.next_position().await.unwrap(), 5);
    })
    .await;
}

#[tokio::test]
async fn checkpoints_are_kept_for_a_while() {
    on_each_engine(async |store| {
        let kept = CHECKPOINTS_KEPT as u64;
        let checkpoint = |size, note: &str| CheckpointRow { size, at: NOW, note: note.to_owned() };
        let sql = "INSERT INTO checkpoints (size, at, note) WITH RECURSIVE sizes (size) AS (SELECT CAST($1 AS BIGINT)
            UNION ALL SELECT size + 1 FROM sizes WHERE size < $2) SELECT size, $3, 'old' FROM sizes";
        let values = vec![1_i64.into(), CHECKPOINTS_KEPT.into(), NOW.into()];
        store.execute(sql, values).await.unwrap();
        store.put_checkpoint(&checkpoint(kept, "cosigned")).await.unwrap();
        assert_eq!(store.checkpoints(1).await.unwrap(), [checkpoint(kept, "cosigned")]);
        assert_eq!(store.checkpoints(9999).await.unwrap().len(), CHECKPOINTS_KEPT as usize);
        store.put_checkpoint(&checkpoint(kept + 1, "new")).await.unwrap();
        let all = store.checkpoints(9999).await.unwrap();
        assert_eq!((all.len(), all[0].size, all[all.len() - 1].size), (CHECKPOINTS_KEPT as usize, kept + 1, 2));
    })
    .await;
}
