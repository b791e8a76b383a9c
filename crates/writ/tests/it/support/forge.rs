//! What an administrator with full access to the database can do: write the log anew, and leave no trace in it.

use std::path::Path;

use store::{DatabaseUrl, NewEntry, Options, Store};

use super::Writ;

/// Secrets that the database of an installation holds.
const SECRETS: [&str; 4] = ["seal-mark", "signing-keys", "login-key", "log-verifier-key"];

/// Writes a stopped installation's log anew: each entry as `change` says, none after the first that it drops. Tiles,
/// checkpoints, snapshots and read tables are what follows from the new one.
pub(crate) async fn rewrite(writ: &Writ, change: impl Fn(u64, String) -> Option<String>) {
    let data = writ.path().join("data");
    let (old, new) = (open(&data.join("writ.db")).await, open(&data.join("forged.db")).await);
    for name in SECRETS {
        if let Some(secret) = old.get_secret(name).await.unwrap() {
            new.put_secret_if_absent(name, &secret).await.unwrap();
        }
    }
    let entries = old.entries(None, 100_000).await.unwrap();
    let entries = entries.into_iter().map_while(|stored| {
        let bytes = change(stored.position, String::from_utf8(stored.bytes).unwrap())?.into_bytes();
        let (leaf, entry) = (ledger::leaf_hash(&bytes), ledger::decode(&bytes).unwrap());
        Some(NewEntry { position: stored.position, bytes, leaf, entry })
    });
    let entries: Vec<NewEntry> = entries.collect();
    let mut append = new.begin_append().await.unwrap();
    append.insert(&entries, &[]).await.unwrap();
    append.commit().await.unwrap();
    old.close().await;
    new.close().await;
    for name in ["writ.db-wal", "writ.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::rename(data.join("forged.db"), data.join("writ.db")).unwrap();
}

async fn open(path: &Path) -> Store {
    let url: DatabaseUrl = format!("sqlite:{}", path.display()).parse().unwrap();
    Store::open(&Options::new(url)).await.unwrap()
}
