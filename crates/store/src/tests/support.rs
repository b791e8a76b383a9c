//! A store on each engine, a writer of entries, and a small random generator.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

use domain::call::{Dimensions, Outcome, Quality, Reserved, Settled, Settlement};
use domain::developer::Registered;
use domain::session::{Claims, Opened};
use domain::{
    Actor, CallId, DeveloperId, Digest, Event, Name, NodeId, ProjectId, RequestId, Role, SessionId, TeamId, Time,
    Usage, Usd,
};
use ledger::Entry;
use tempfile::TempDir;

use crate::{Attachment, DatabaseUrl, NewEntry, Options, Store};

/// A moment on 2026-11-22, in the middle of an hour.
pub(super) const NOW: Time = Time::from_unix_millis(1_795_351_234_567);

/// A vacuum of a database of the tests takes some milliseconds, and so does a try.
const DROPS_MAX: usize = 200;

/// A database that lives as long as this value.
pub(super) enum TestDatabase {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl TestDatabase {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// None, with a line that says so, when no server was given; in CI there must be one.
    pub(super) async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("WRIT_TEST_POSTGRES") else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must set WRIT_TEST_POSTGRES");
            println!("WRIT_TEST_POSTGRES is not set: only SQLite is tested");
            return None;
        };
        let name = format!("writ_test_{:016x}", random_seed());
        admin(&server, &format!("CREATE DATABASE {name}")).await;
        Some(Self::Postgres { server, name })
    }

    pub(super) fn url(&self) -> DatabaseUrl {
        let url = match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("writ.db").display()),
            Self::Postgres { server, name } => {
                let (authority, _) = server.rsplit_once('/').expect("the url names a database");
                format!("{authority}/{name}")
            }
        };
        DatabaseUrl::from_str(&url).unwrap()
    }

    pub(super) async fn open(&self) -> Store {
        Store::open(&Options::new(self.url())).await.unwrap()
    }
}

impl Drop for TestDatabase {
    /// Also when the test failed, hence in a runtime of its own.
    fn drop(&mut self) {
        let Self::Postgres { server, name } = self else { return };
        let (server, sql) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // The server's own vacuum, which may be at work in it, is not ours to end: it gives way by itself.
            let dropped = (0..DROPS_MAX).any(|_| runtime.block_on(try_admin(&server, &sql)).is_ok());
            assert!(dropped, "{sql}: refused {DROPS_MAX} times");
        });
        let _ = dropping.join();
    }
}

/// Runs a statement on the server's own database.
pub(super) async fn admin(server: &str, sql: &str) {
    try_admin(server, sql).await.unwrap();
}

async fn try_admin(server: &str, sql: &str) -> Result<(), sqlx::Error> {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

/// Runs a test on a fresh database of each engine.
pub(super) async fn on_each_engine(test: impl AsyncFn(&Store)) {
    let databases = [Some(TestDatabase::sqlite()), TestDatabase::postgres().await];
    for database in databases.into_iter().flatten() {
        let store = database.open().await;
        println!("engine: {:?}", store.engine());
        test(&store).await;
        store.close().await;
    }
}

/// Deterministic random numbers (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    /// From `WRIT_TEST_SEED`, else from chance; prints the seed.
    pub(super) fn seeded() -> Self {
        let given = std::env::var("WRIT_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(random_seed).max(1);
        println!("seed: WRIT_TEST_SEED={seed}");
        Self(seed)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % end
    }
}

fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Makes entries and appends them.
#[derive(Default)]
pub(super) struct Writer {
    next: u64,
}

impl Writer {
    /// That goes on after these entries.
    pub(super) fn at(next: u64) -> Self {
        Self { next }
    }

    pub(super) fn entry(&mut self, time: Time, event: Event) -> NewEntry {
        let request = Some(RequestId::new(time, self.next.into()));
        let entry = Entry { time, actor: Actor::System, node: node(), request, chain: None, event };
        let bytes = ledger::encode(&entry).unwrap();
        let leaf = ledger::leaf_hash(&bytes);
        self.next += 1;
        NewEntry { position: self.next - 1, bytes, leaf, entry }
    }

    pub(super) fn entries(&mut self, time: Time, events: impl IntoIterator<Item = Event>) -> Vec<NewEntry> {
        events.into_iter().map(|event| self.entry(time, event)).collect()
    }

    /// Appends events in one transaction.
    pub(super) async fn append(&mut self, store: &Store, time: Time, events: impl IntoIterator<Item = Event>) {
        let entries = self.entries(time, events);
        append(store, &entries, &[]).await;
    }
}

pub(super) async fn append(store: &Store, entries: &[NewEntry], attachments: &[Attachment]) {
    let mut append = store.begin_append().await.unwrap();
    append.insert(entries, attachments).await.unwrap();
    append.commit().await.unwrap();
}

pub(super) fn node() -> NodeId {
    NodeId::new(NOW, 7)
}

pub(super) fn developer(number: u64) -> DeveloperId {
    DeveloperId::new(NOW, number.into())
}

pub(super) fn session(number: u64) -> SessionId {
    SessionId::new(NOW, number.into())
}

pub(super) fn call(number: u64) -> CallId {
    CallId::new(NOW, number.into())
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn login(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn registered(number: u64) -> Event {
    Event::DeveloperRegistered(Registered {
        developer: developer(number),
        identity: Digest::of(&number.to_be_bytes()),
        roles: roles(Role::Admin),
    })
}

/// A session of a developer, for a project if the number is odd.
pub(super) fn opened(number: u64, by: u64) -> Opened {
    let odd = number % 2 == 1;
    Opened {
        session: session(number),
        parent: None,
        agent: None,
        developer: developer(by),
        project: odd.then(|| ProjectId::new(NOW, u128::from(by % 3))),
        team: odd.then(|| TeamId::new(NOW, u128::from(by % 2))),
        profile: name("default"),
        token: Digest::of(&number.to_be_bytes()),
        expires_at: NOW + domain::limits::SESSION_TTL_DEFAULT,
        beats: odd,
        budget: odd.then_some(Usd::from_nanos(5_000_000_000)),
    }
}

pub(super) fn open(number: u64, by: u64) -> Event {
    Event::SessionOpened(Box::new(opened(number, by)))
}

pub(super) fn reserved(number: u64, under: &Opened, model: &str, hold: i64) -> Reserved {
    Reserved {
        call: call(number),
        session: under.session,
        node: node(),
        hold: Usd::from_nanos(hold),
        dimensions: Dimensions {
            developer: under.developer,
            project: under.project,
            team: under.team,
            model: model.to_owned(),
        },
        claims: Claims {
            client_session: Some("from-header".to_owned()),
            metadata_session: Some("from-metadata".to_owned()),
            agent: None,
            user_agent: Some("claude-cli/9 'quoted'".to_owned()),
        },
    }
}

pub(super) fn settled(of: &Reserved, reserved_at: Time, cost: i64) -> Settled {
    Settled {
        call: of.call,
        session: of.session,
        reserved_at,
        hold: of.hold,
        dimensions: of.dimensions.clone(),
        settlement: Settlement {
            outcome: Outcome::Completed,
            cost: Usd::from_nanos(cost),
            list: Usd::from_nanos(cost * 2),
            quality: Quality::Exact,
            unpriced: false,
            usage: Usage {
                input_tokens: 1,
                cache_write_5m_tokens: 2,
                cache_write_1h_tokens: 3,
                cache_read_tokens: 4,
                output_tokens: 5,
                web_searches: 6,
            },
            model: Some("model-served".to_owned()),
            upstream: Some("anthropic".to_owned()),
            status: Some(200),
            upstream_request: Some("req_upstream".to_owned()),
            book: "2026-11".to_owned(),
        },
    }
}

pub(super) fn reserve(event: &Reserved) -> Event {
    Event::CallReserved(Box::new(event.clone()))
}

pub(super) fn settle(event: &Settled) -> Event {
    Event::CallSettled(Box::new(event.clone()))
}

pub(super) fn roles(role: Role) -> domain::Roles {
    BTreeSet::from([role])
}

impl Random {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed.max(1))
    }
}
