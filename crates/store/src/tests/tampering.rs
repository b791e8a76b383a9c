//! Ten thousand random bytes inside entries, tiles and checkpoints of a live store, changed one at a time: every one is
//! detected, and named by its place.

use super::fsck::check;
use super::lawful::Scribe;
use super::support::{Random, TestDatabase};
use crate::conn::composed;
use crate::fsck::Stop;
use crate::fsck::log::LogCheck;
use crate::fsck::reader::Reader;
use crate::value::{Kind, Value};
use crate::{Engine, Options, Place, Store, Synchronous};

const FLIPS_SQLITE: u64 = 10_000;
/// There the same statements meet the same checks; only the bytes come from elsewhere.
const FLIPS_POSTGRES: u64 = 400;
/// Every so often the whole check runs, read tables and all.
const WHOLE_CHECK_EVERY: u64 = 400;
/// How many entries lie between two places where a check may begin: what is above is unchanged, and was checked once.
const STRIDE: u64 = 4;

/// A live store whose log was checked once, and every place where that check passed by.
struct Subject {
    database: TestDatabase,
    store: Store,
    scribe: Scribe,
    reader: Reader,
    passed: Vec<LogCheck>,
    checkpoints: Vec<u64>,
}

/// A column to change, in one row, and who must be named.
struct Target {
    table: &'static str,
    column: &'static str,
    kind: Kind,
    /// Finds the row.
    key: &'static str,
    row: Vec<u64>,
    named: Place,
    /// Where the check may begin.
    from: u64,
}

#[tokio::test]
async fn every_changed_byte_is_detected_on_sqlite() {
    campaign(TestDatabase::sqlite(), FLIPS_SQLITE).await;
}

#[tokio::test]
async fn every_changed_byte_is_detected_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        campaign(database, FLIPS_POSTGRES).await;
    }
}

async fn campaign(database: TestDatabase, flips: u64) {
    let mut random = Random::seeded();
    let mut subject = Subject::new(database).await;
    for flip in 0..flips {
        let target = subject.target(&mut random);
        let Some((old, new)) = subject.change(&target, &mut random).await else { continue };
        let what = format!("flip {flip}: {} of {:?}, {old:?} became {new:?}", target.column, target.row);
        subject.put(&target, new).await;
        subject.is_detected(&target, &what).await;
        if flip % WHOLE_CHECK_EVERY == 0 {
            let found = check(&subject.database, &subject.scribe).await.finding.expect(&what);
            assert_eq!(found.place, target.named, "{what}: {found}");
        }
        subject.put(&target, old).await;
    }
    assert_eq!(check(&subject.database, &subject.scribe).await.finding, None);
    subject.store.close().await;
}

// === impl Subject ===

impl Subject {
    async fn new(database: TestDatabase) -> Self {
        let options = Options { synchronous: Synchronous::Normal, ..Options::new(database.url()) };
        let store = Store::open(&options).await.unwrap();
        let scribe = Scribe::work(&store, 6, 60).await;
        assert!(scribe.size() > 3 * 256 - 50, "{}", scribe.size());
        let checkpoints = store.checkpoints(99).await.unwrap().iter().map(|row| row.size).collect();
        let mut reader = Reader::open(&database.url()).await.unwrap();
        let mut log = LogCheck::begin(&mut reader, Some(&scribe.key())).await.unwrap();
        let mut passed = Vec::new();
        while log.size() < scribe.size() {
            passed.push(log.clone());
            log.page_of(&mut reader, STRIDE as usize).await.unwrap();
        }
        Self { database, store, scribe, reader, passed, checkpoints }
    }

    fn target(&self, random: &mut Random) -> Target {
        let position = random.below(self.scribe.size());
        let entry = |column, kind| Target {
            table: "entries",
            column,
            kind,
            key: "position = $1",
            row: vec![position],
            named: Place::Entry(position),
            from: position,
        };
        match random.below(100) {
            0..50 => entry("bytes", Kind::Blob),
            50..60 => entry("leaf", Kind::Text),
            60..64 => entry("time", Kind::Int),
            64..67 => entry("type", Kind::Text),
            67..70 => entry("session", Kind::Text),
            70..73 => entry("developer", Kind::Text),
            73..75 => entry("actor", Kind::Text),
            75..95 => {
                let number = random.below(self.scribe.size() / 256);
                Target {
                    table: "tiles",
                    column: if random.below(10) == 0 { "root" } else { "hashes" },
                    kind: Kind::Blob,
                    key: "level = $1 AND number = $2",
                    row: vec![0, number],
                    named: Place::Tile { level: 0, number: number as i64 },
                    // The entry that fills it.
                    from: number * 256 + 255,
                }
            }
            _ => {
                let size = self.checkpoints[random.below(self.checkpoints.len() as u64) as usize];
                Target {
                    table: "checkpoints",
                    column: "note",
                    kind: Kind::Text,
                    key: "size = $1",
                    row: vec![size],
                    named: Place::Checkpoint(size as i64),
                    from: 0,
                }
            }
        }
    }

    /// What is there, and the same with one byte changed; none where there is nothing.
    async fn change(&self, target: &Target, random: &mut Random) -> Option<(Value, Value)> {
        let sql = format!("SELECT {} FROM {} WHERE {}", target.column, target.table, target.key);
        let values = target.row.iter().map(|number| Value::count(*number)).collect();
        let rows = self.store.fetch(composed(sql), values).await.unwrap();
        let old = rows[0].value(0, target.kind).unwrap();
        let is_sqlite = self.store.engine() == Engine::Sqlite;
        let new = match &old {
            Value::Int(Some(number)) => Value::from(number ^ ((1 + random.below(255) as i64) << (8 * random.below(7)))),
            Value::Blob(Some(bytes)) => changed(bytes, 1 + random.below(255) as u8, random).into(),
            // Where the database holds any bytes as a text, any byte; else one that keeps it a text.
            Value::Text(Some(text)) if is_sqlite => {
                changed(text.as_bytes(), 1 + random.below(255) as u8, random).into()
            }
            Value::Text(Some(text)) => {
                let bytes = changed(text.as_bytes(), 1 + random.below(31) as u8, random);
                Value::Text(Some(String::from_utf8(bytes).ok()?))
            }
            _ => return None,
        };
        Some((old, new))
    }

    async fn put(&self, target: &Target, value: Value) {
        let cast = if target.kind == Kind::Text { "CAST($3 AS TEXT)" } else { "$3" };
        let key = target.key;
        let sql = format!("UPDATE {} SET {} = {cast} WHERE {key}", target.table, target.column);
        let mut values: Vec<_> = target.row.iter().map(|number| Value::count(*number)).collect();
        let sql = sql.replace("$3", &format!("${}", values.len() + 1));
        values.push(value);
        assert_eq!(self.store.execute(composed(sql), values).await.unwrap(), 1);
    }

    /// By the check of the log, begun where the last check passed by above the change.
    async fn is_detected(&mut self, target: &Target, what: &str) {
        self.reader.refresh().await;
        let found = if target.table == "checkpoints" {
            LogCheck::begin(&mut self.reader, Some(&self.scribe.key())).await.map(drop)
        } else {
            let mut log = self.passed[(target.from / STRIDE) as usize].clone();
            log.page_of(&mut self.reader, STRIDE as usize).await.map(drop)
        };
        match found {
            Err(Stop::Found(found)) => assert_eq!(found.place, target.named, "{what}: {found}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

/// One byte changed by these bits.
fn changed(bytes: &[u8], bits: u8, random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = random.below(bytes.len() as u64) as usize;
    bytes[at] ^= bits;
    bytes
}
