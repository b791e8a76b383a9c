use std::path::Path;

use brokers::{SEAL_RING_KEYS_MAX, SealRing};
use store::{Options, Store};

use super::{Seals, SealsError, mark};
use crate::keys::KeysFolder;

/// A key in the clear, as the first versions kept it: 32 bytes that are all alike are easy to look for.
const CLEAR: [u8; 32] = *b"clear clear clear clear clear 32";

/// A database in a file and a folder of keys.
struct Installation {
    folder: tempfile::TempDir,
    keys: KeysFolder,
    store: Store,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeysFolder::open(&folder.path().join("keys")).unwrap();
        let store = open(folder.path()).await;
        Self { folder, keys, store }
    }

    /// As an earlier version left it.
    async fn old() -> Self {
        let old = Self::new().await;
        for name in ["signing-key", "ssh-authority"] {
            old.store.put_secret_if_absent(name, &CLEAR).await.unwrap();
        }
        old.store.put_secret_if_absent("log-verifier-key", b"public").await.unwrap();
        old
    }

    async fn start(&self) -> Result<Seals, SealsError> {
        Seals::start(&self.store, &self.keys, None).await
    }

    /// As another process, whose folder of keys is another one.
    async fn start_elsewhere(&self) -> Result<Seals, SealsError> {
        let keys = KeysFolder::open(&self.folder.path().join("other")).unwrap();
        Seals::start(&self.store, &keys, None).await
    }

    async fn is_sealed(&self, name: &str) -> bool {
        SealRing::key_of(&self.store.get_secret(name).await.unwrap().unwrap()).is_some()
    }
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("writ.db").display()).parse().unwrap();
    Store::open(&Options::new(url)).await.unwrap()
}

fn text(result: Result<impl std::fmt::Debug, SealsError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_secret_comes_back_under_its_name_only() {
    let installation = Installation::new().await;
    let seals = installation.start().await.unwrap();
    let blob = seals.seal("credential/1", b"secret").unwrap();
    assert_eq!(blob.len(), 6 + brokers::SEAL_OVERHEAD_BYTES);
    assert_ne!(blob, seals.seal("credential/1", b"secret").unwrap(), "each with a nonce of its own");
    assert_eq!(seals.open("credential/1", &blob).unwrap().as_slice(), b"secret");
    assert!(matches!(seals.open("credential/2", &blob), Err(SealsError::Changed(_))));
    assert!(matches!(seals.open("credential/1", b"secret"), Err(SealsError::NotSealed(_))));
    let again = installation.start().await.unwrap();
    assert_eq!(again.open("credential/1", &blob).unwrap().as_slice(), b"secret");
    assert_eq!(installation.keys.read("seal.key").unwrap().unwrap().len(), 32);
}

#[tokio::test]
async fn of_processes_that_race_all_get_the_same_secret() {
    let installation = Installation::new().await;
    let one = installation.start().await.unwrap();
    let other = installation.start().await.unwrap();
    let first = one.store_if_absent(&installation.store, "a", b"first").await.unwrap();
    let second = other.store_if_absent(&installation.store, "a", b"second").await.unwrap();
    assert_eq!((first.as_slice(), second.as_slice()), (&b"first"[..], &b"first"[..]));
    assert_eq!(other.stored(&installation.store, "a").await.unwrap().unwrap().as_slice(), b"first");
    assert_eq!(other.stored(&installation.store, "b").await.unwrap(), None);
}

#[tokio::test]
async fn what_an_earlier_version_kept_in_the_clear_is_sealed_in_place_and_gone_from_the_disk() {
    let old = Installation::old().await;
    let seals = old.start().await.unwrap();
    for name in ["signing-key", "ssh-authority"] {
        assert!(old.is_sealed(name).await, "{name}");
        assert_eq!(seals.stored(&old.store, name).await.unwrap().unwrap().as_slice(), CLEAR, "{name}");
    }
    assert_eq!(old.store.get_secret("log-verifier-key").await.unwrap().unwrap(), b"public");
    for file in ["writ.db", "writ.db-wal"] {
        let bytes = std::fs::read(old.folder.path().join(file)).unwrap();
        assert!(!bytes.windows(CLEAR.len()).any(|window| window == CLEAR), "{file} still has it in the clear");
    }
}

/// Each row of `secrets` is what it was or what it becomes: every state that a process killed in between can leave.
#[tokio::test]
async fn killed_while_sealing_the_next_start_goes_on() {
    for (sealed, stage) in [
        (&[][..], &b"sealing"[..]),
        (&["signing-key"], b"sealing"),
        (&["signing-key", "ssh-authority"], b"sealing"),
        (&["signing-key", "ssh-authority"], b"scrubbing"),
    ] {
        let done = Installation::old().await;
        let seals = done.start().await.unwrap();
        let killed =
            Installation { folder: tempfile::tempdir().unwrap(), keys: done.keys.clone(), store: memory().await };
        killed.store.put_secret_if_absent(mark::NAME, &seals.seal(mark::NAME, stage).unwrap()).await.unwrap();
        for name in ["signing-key", "ssh-authority"] {
            let value = if sealed.contains(&name) { seals.seal(name, &CLEAR).unwrap() } else { CLEAR.to_vec() };
            killed.store.put_secret_if_absent(name, &value).await.unwrap();
        }
        let again = killed.start().await.unwrap();
        for name in ["signing-key", "ssh-authority"] {
            assert_eq!(again.stored(&killed.store, name).await.unwrap().unwrap().as_slice(), CLEAR);
        }
        assert_eq!(again.stored(&killed.store, mark::NAME).await.unwrap().unwrap().as_slice(), b"sealed");
    }
}

async fn memory() -> Store {
    Store::open(&Options::new("sqlite::memory:".parse().unwrap())).await.unwrap()
}

#[tokio::test]
async fn once_all_is_sealed_a_secret_in_the_clear_is_refused() {
    for installation in [Installation::new().await, Installation::old().await] {
        let seals = installation.start().await.unwrap();
        for name in ["signing-key", "something"] {
            installation.store.forget_secret(name).await.unwrap();
            installation.store.put_secret_if_absent(name, &CLEAR).await.unwrap();
            let expected = format!("`{name}` in the database is not sealed");
            let refused = text(seals.stored(&installation.store, name).await);
            assert!(refused.starts_with(&expected), "{refused}");
            let refused = text(installation.start().await);
            assert!(refused.starts_with(&expected), "{refused}");
            installation.store.forget_secret(name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_start_with_another_key_says_where_it_looked() {
    let installation = Installation::new().await;
    installation.start().await.unwrap();
    let refused = installation.start_elsewhere().await;
    assert_eq!(refused.as_ref().unwrap_err().field(), Some("keys_dir"));
    let refused = text(refused);
    assert!(
        refused.contains("other` is not the folder of keys that this database was made with (it has no `seal.key`)"),
        "{refused}"
    );
    std::fs::write(installation.keys.path().join("seal.key"), [7; 32]).unwrap();
    let refused = text(installation.start().await);
    let place = format!("than `{}` has: ", installation.keys.path().join("seal.key").display());
    assert!(refused.contains("was sealed with another key (") && refused.contains(&place), "{refused}");
    std::fs::write(installation.keys.path().join("seal.key"), [7; 31]).unwrap();
    assert_eq!(text(installation.start().await), "`seal.key` has not got 32 bytes");
    let command: Vec<String> = ["sh", "-c", "printf '0%.0s' $(seq 64)"].map(str::to_owned).to_vec();
    std::fs::remove_file(installation.keys.path().join("seal.key")).unwrap();
    let refused = Seals::start(&installation.store, &installation.keys, Some(&command)).await;
    assert_eq!(refused.as_ref().unwrap_err().field(), Some("seal_key_command"));
    assert!(text(refused).contains("than the `seal_key_command` (`sh`) has"));
}

#[tokio::test]
async fn a_new_key_seals_everything_and_old_blobs_still_open() {
    let installation = Installation::old().await;
    let (one, other) = (installation.start().await.unwrap(), installation.start().await.unwrap());
    let handle = one.seal("credential/1", b"handle").unwrap();
    let first = one.sealing().unwrap();
    let second = one.rotate(&installation.store).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(one.ids(), [second, first]);
    for name in installation.store.secret_names().await.unwrap() {
        let blob = installation.store.get_secret(&name).await.unwrap().unwrap();
        let sealed_with = if name == "log-verifier-key" { None } else { Some(second) };
        assert_eq!(SealRing::key_of(&blob), sealed_with, "{name}");
    }
    assert_eq!(one.open("credential/1", &handle).unwrap().as_slice(), b"handle");
    // The other process has not heard of the new key.
    assert_eq!(other.sealing(), Some(first));
    assert_eq!(other.stored(&installation.store, "signing-key").await.unwrap().unwrap().as_slice(), CLEAR);
    assert_eq!(other.sealing(), Some(second), "it has now");
    assert!(!other.look_again().unwrap());
}

#[tokio::test]
async fn a_process_killed_after_it_made_a_key_is_followed_by_one_that_seals_with_it() {
    let installation = Installation::old().await;
    installation.start().await.unwrap();
    installation.keys.write_new("seal.key.1", &[8; 32]).unwrap();
    let seals = installation.start().await.unwrap();
    let blob = installation.store.get_secret("signing-key").await.unwrap().unwrap();
    assert_eq!(SealRing::key_of(&blob), Some(brokers::SealKey::new(&[8; 32]).id()));
    assert_eq!(seals.sealing(), SealRing::key_of(&blob));
}

#[tokio::test]
async fn processes_that_replace_the_key_at_the_same_moment_lose_nothing() {
    let installation = Installation::old().await;
    let mut racing = Vec::new();
    for _ in 0..8 {
        let (seals, store) = (installation.start().await.unwrap(), installation.store.clone());
        racing.push(tokio::spawn(async move {
            seals.rotate(&store).await.unwrap();
            seals.seal("mine", b"mine").unwrap()
        }));
    }
    let mut blobs = Vec::new();
    for race in racing {
        blobs.push(race.await.unwrap());
    }
    let seals = installation.start().await.unwrap();
    for blob in blobs {
        assert_eq!(seals.open("mine", &blob).unwrap().as_slice(), b"mine");
    }
    assert_eq!(seals.stored(&installation.store, "signing-key").await.unwrap().unwrap().as_slice(), CLEAR);
}

#[tokio::test]
async fn seal_keys_are_bounded_and_the_oldest_may_be_removed() {
    let installation = Installation::new().await;
    let seals = installation.start().await.unwrap();
    for _ in 1..SEAL_RING_KEYS_MAX {
        seals.rotate(&installation.store).await.unwrap();
    }
    let refused = seals.rotate(&installation.store).await;
    assert_eq!(text(refused), "there are 16 seal keys, the limit is 16: remove the oldest one, `seal.key`");
    installation.keys.destroy("seal.key").unwrap();
    seals.rotate(&installation.store).await.unwrap();
    assert!(installation.keys.read("seal.key.16").unwrap().is_some());
    installation.start().await.unwrap();
}

#[tokio::test]
async fn an_installation_moves_to_a_command() {
    let installation = Installation::old().await;
    installation.start().await.unwrap();
    let command: Vec<String> = ["sh", "-c", "printf '0%.0s' $(seq 64)"].map(str::to_owned).to_vec();
    let start = || Seals::start(&installation.store, &installation.keys, Some(&command));
    let seals = start().await.unwrap();
    assert_eq!(seals.sealing(), Some(brokers::SealKey::new(&[0; 32]).id()));
    assert!(text(seals.rotate(&installation.store).await).contains("let it print the new key in its first line"));
    // Everything was sealed anew, so that the files are not needed any more.
    installation.keys.destroy("seal.key").unwrap();
    let seals = start().await.unwrap();
    assert_eq!(seals.stored(&installation.store, "signing-key").await.unwrap().unwrap().as_slice(), CLEAR);
    assert!(!format!("{seals:?}").contains("[0, 0"), "{seals:?}");
}
