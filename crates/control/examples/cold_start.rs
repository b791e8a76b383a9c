//! From start to readiness with a big log: `cold_start DATABASE_URL [entries]`.
//!
//! Fills an empty database through the scribe, as calls would, then starts the control plane on it twice: from the whole
//! log, and from the snapshot that the first one saved when it stopped. A database that is not empty is not filled.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark stops at the first failure")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use control::scribe::{Proposal, Scribe};
use control::seam::{Clock, random};
use control::view::View;
use control::{
    CredentialHeader, CredentialSource, PriceSettings, Server, Settings, UpstreamCredential, UpstreamSettings,
};
use domain::call::{Outcome, Quality, Reserve, Settle, Settlement};
use domain::session::{Claims, End, Open};
use domain::{Actor, Command, DeveloperId, Digest, NodeId, Role, SessionId, Span, Usage, Usd, developer};
use store::{Options, Store};

/// Writers at a time: their commands share transactions.
const WRITERS: usize = 256;
/// Calls of one session, before it ends and the writer opens another.
const CALLS_PER_SESSION: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = arguments.first().map_or("sqlite:/tmp/cold-start.db", String::as_str).to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(from) = arguments.get(2) {
        return runtime.block_on(start(&url, from));
    }
    let entries: u64 = arguments.get(1).map_or(1_000_000, |text| text.parse().unwrap());
    let began = Instant::now();
    if runtime.block_on(fill(&url, entries)) {
        println!("{entries} entries written in {:.0} s", began.elapsed().as_secs_f64());
    }
    // A process for each, as it would be.
    for from in ["the whole log", "a snapshot"] {
        let this = std::env::current_exe().unwrap();
        let started = std::process::Command::new(this).args([&url, "0", from]).status().unwrap();
        assert!(started.success());
    }
}

async fn start(url: &str, from: &str) {
    let began = Instant::now();
    let server = Server::start(settings(url)).await.unwrap();
    println!("ready from {from} after {:.2} s", began.elapsed().as_secs_f64());
    server.run_until(std::future::ready(())).await;
}

fn settings(url: &str) -> Settings {
    let upstream = UpstreamSettings {
        name: "nobody".to_owned(),
        base_url: "http://127.0.0.1:9".to_owned(),
        // Any variable that is set: nothing is sent anywhere.
        credential: UpstreamCredential::Key {
            source: CredentialSource::Env("PATH".to_owned()),
            header: CredentialHeader::ApiKey,
        },
    };
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        tls: None,
        data_dir: std::env::temp_dir(),
        // Each log has its own.
        keys_dir: Some(std::env::temp_dir().join(format!("writ-keys-{}", Digest::of(url.as_bytes())))),
        seal_key_command: None,
        log_origin: None,
        trust_policy: None,
        archive: None,
        publish_without_quorum: true,
        database: Some(url.to_owned()),
        synchronous: control::Synchronous::Normal,
        upstreams: vec![upstream],
        prices: PriceSettings::default(),
        shutdown_grace: Duration::ZERO,
        issuer: Default::default(),
        exports: Vec::new(),
        introspection: Vec::new(),
    }
}

/// Returns whether it was empty; a log that is there already is measured as it is.
async fn fill(url: &str, entries: u64) -> bool {
    let store = Store::open(&Options::new(url.parse().unwrap())).await.unwrap();
    if !store.entries(None, 1).await.unwrap().is_empty() {
        store.close().await;
        return false;
    }
    let clock = Arc::new(Clock::System);
    let node = clock.node_id();
    let view = Arc::new(View::new(control::view::Folded::default()));
    let scribe = Scribe::start(store.clone(), Arc::clone(&view), Arc::clone(&clock), node);
    let ada = register(&scribe, &clock).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let writer = Writer { scribe: scribe.clone(), clock: Arc::clone(&clock), node, ada };
            let view = Arc::clone(&view);
            tokio::spawn(async move {
                while view.next() < entries {
                    writer.session().await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    drop(scribe);
    store.close().await;
    true
}

async fn register(scribe: &Scribe, clock: &Clock) -> DeveloperId {
    let ada = clock.developer_id();
    let roles = BTreeSet::from([Role::Admin, Role::Member]);
    let register = developer::Register { developer: ada, identity: Digest::of(b"ada"), roles };
    let mut proposal = Proposal::from(Command::RegisterDeveloper(register));
    proposal.by = Actor::Bootstrap;
    scribe.propose(proposal).await.unwrap();
    ada
}

struct Writer {
    scribe: Scribe,
    clock: Arc<Clock>,
    node: NodeId,
    ada: DeveloperId,
}

impl Writer {
    /// A session's life.
    async fn session(&self) {
        let session = self.clock.session_id();
        let open = Open {
            session,
            parent: None,
            agent: None,
            developer: self.ada,
            project: None,
            profile: "default".parse().unwrap(),
            token: Digest::of(&random::<32>()),
            ttl: Span::from_secs(3600),
            beats: false,
            budget: None,
        };
        self.write(Command::OpenSession(Box::new(open))).await;
        for _ in 0..CALLS_PER_SESSION {
            self.call(session).await;
        }
        self.write(Command::EndSession(End { session, exit_code: Some(0) })).await;
    }

    async fn call(&self, session: SessionId) {
        let call = self.clock.call_id();
        let claims = Claims { user_agent: Some("claude-cli/2.1.330 (external, cli)".into()), ..Claims::default() };
        let reserve = Reserve {
            call,
            session,
            node: self.node,
            model: "claude-sonnet-5-5".to_owned(),
            hold: Usd::from_nanos(50_000_000),
            claims,
            upstream_contacted: true,
        };
        self.write(Command::ReserveCall(Box::new(reserve))).await;
        let settlement = Settlement {
            outcome: Outcome::Completed,
            cost: Usd::from_nanos(10_024_000),
            list: Usd::from_nanos(10_024_000),
            quality: Quality::Exact,
            unpriced: false,
            usage: Usage { input_tokens: 12, cache_read_tokens: 70_000, output_tokens: 300, ..Usage::default() },
            model: Some("claude-sonnet-5-5".into()),
            upstream: Some("anthropic".into()),
            status: Some(200),
            upstream_request: Some("req_011CVExampleExampleExample".into()),
            book: "0123456789abcdef".into(),
        };
        self.write(Command::SettleCall(Box::new(Settle { call, settlement }))).await;
    }

    async fn write(&self, command: Command) {
        let mut proposal = Proposal::from(command);
        proposal.by = Actor::Developer(self.ada);
        self.scribe.propose(proposal).await.unwrap();
    }
}
