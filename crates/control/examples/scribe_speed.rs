//! Durable entries a second through the scribe: `scribe_speed DATABASE_URL [writers] [seconds]`.
//!
//! Every writer reserves a call and settles it, over and over, each time waiting until the entry is durable: the same
//! decisions, hashes and read tables as in production, one transaction per group of waiting commands.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark stops at the first failure")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use control::scribe::{Proposal, Scribe};
use control::seam::{Clock, random};
use control::view::View;
use domain::call::{Outcome, Quality, Reserve, Settle, Settlement};
use domain::session::{Claims, Open};
use domain::{Actor, Command, Digest, NodeId, Role, SessionId, Span, Usage, Usd, developer, sign_in};
use store::{Options, Store};

const SESSIONS: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = arguments.first().map_or("sqlite:/tmp/scribe-speed.db", String::as_str);
    let writers = arguments.get(1).map_or(256, |text| text.parse().unwrap());
    let seconds = arguments.get(2).map_or(10, |text| text.parse().unwrap());
    tokio::runtime::Runtime::new().unwrap().block_on(measure(url, writers, Duration::from_secs(seconds)));
}

async fn measure(url: &str, writers: usize, time: Duration) {
    let store = Store::open(&Options::new(url.parse().unwrap())).await.unwrap();
    let view = Arc::new(View::new(control::view::Folded::default()));
    let clock = Arc::new(Clock::System);
    let node = clock.node_id();
    let scribe = Scribe::start(store, view, Arc::clone(&clock), node);
    let sessions = open_sessions(&scribe, &clock).await;
    let (stop, entries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|number| {
            let (scribe, clock, session) = (scribe.clone(), Arc::clone(&clock), sessions[number % SESSIONS]);
            let (stop, entries) = (Arc::clone(&stop), Arc::clone(&entries));
            tokio::spawn(async move { write(scribe, clock, node, session, &stop, &entries).await })
        })
        .collect();
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits: Vec<Duration> = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    waits.sort_unstable();
    let rate = entries.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    let commits = scribe.health().commits.load(Ordering::Relaxed);
    let at = |part: usize| waits[waits.len() * part / 100].as_secs_f64() * 1000.0;
    println!(
        "{writers} writers: {rate:.0} entries/s, wait p50 {:.1} ms, p99 {:.1} ms, {commits} commits",
        at(50),
        at(99)
    );
}

async fn open_sessions(scribe: &Scribe, clock: &Clock) -> Vec<SessionId> {
    let ada = clock.developer_id();
    let roles = BTreeSet::from([Role::Admin, Role::Member]);
    let register = developer::Register { developer: ada, identity: Digest::of(b"ada"), roles };
    let mut proposal = Proposal::from(Command::RegisterDeveloper(register));
    proposal.by = Actor::Bootstrap;
    scribe.propose(proposal).await.unwrap();
    let sign_in = sign_in::SignIn { sign_in: clock.sign_in_id(), developer: ada, token: Digest::of(b"token") };
    scribe.propose(Proposal::from(Command::SignIn(sign_in))).await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = clock.session_id();
        let open = Open {
            session,
            parent: None,
            agent: None,
            developer: ada,
            project: None,
            profile: "default".parse().unwrap(),
            token: Digest::of(&random::<32>()),
            ttl: Span::from_secs(3600),
            beats: false,
            budget: Some(Usd::from_nanos(9_000_000_000_000_000)),
        };
        let mut proposal = Proposal::from(Command::OpenSession(Box::new(open)));
        proposal.by = Actor::Developer(ada);
        scribe.propose(proposal).await.unwrap();
        sessions.push(session);
    }
    sessions
}

async fn write(
    scribe: Scribe,
    clock: Arc<Clock>,
    node: NodeId,
    session: SessionId,
    stop: &AtomicBool,
    entries: &AtomicU64,
) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let call = clock.call_id();
        let hold = Usd::from_nanos(50_000_000);
        let claims = Claims { user_agent: Some("claude-cli/2.1.330 (external, cli)".into()), ..Claims::default() };
        let model = "claude-sonnet-5-5".to_owned();
        let reserve = Reserve { call, session, node, model, hold, claims, upstream_contacted: true };
        let usage = Usage { input_tokens: 12, cache_read_tokens: 70_000, output_tokens: 300, ..Usage::default() };
        let settlement = Settlement {
            outcome: Outcome::Completed,
            cost: Usd::from_nanos(10_024_000),
            list: Usd::from_nanos(10_024_000),
            quality: Quality::Exact,
            unpriced: false,
            usage,
            model: Some("claude-sonnet-5-5".into()),
            upstream: Some("anthropic".into()),
            status: Some(200),
            upstream_request: Some("req_011CVExampleExampleExample".into()),
            book: "0123456789abcdef".into(),
        };
        for command in
            [Command::ReserveCall(Box::new(reserve)), Command::SettleCall(Box::new(Settle { call, settlement }))]
        {
            let started = Instant::now();
            scribe.propose(Proposal::from(command)).await.unwrap();
            waits.push(started.elapsed());
            entries.fetch_add(1, Ordering::Relaxed);
        }
    }
    waits
}
