//! How many entries a second the append transaction takes, read tables and durability included.
//!
//! `cargo run --release -p store --example append_speed -- [url] [entries per batch] [entries]`: half of each batch
//! reserves calls, half settles those of the batch before. The database should be empty; on SQLite the default is a new
//! file in a temporary folder. Prints one line.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use domain::call::{Dimensions, Outcome, Quality, Reserved, Settled, Settlement};
use domain::session::{Claims, Opened};
use domain::{
    Actor, CallId, DeveloperId, Digest, Event, Name, NodeId, ProjectId, RequestId, SessionId, Span, TeamId, Time,
    Usage, Usd,
};
use ledger::Entry;
use store::{NewEntry, Options, Store};
use tokio::time::Instant;

/// Agents at work at the same time.
const SESSIONS: u64 = 200;
const START: Time = Time::from_unix_millis(1_795_351_234_567);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let default = format!("sqlite:{}", folder.path().join("writ.db").display());
    let url = arguments.next().unwrap_or(default);
    let batch = arguments.next().map_or(Ok(256), |text| text.parse())?;
    let total = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(&Options::new(url.parse()?), batch, total))
}

async fn measure(options: &Options, batch: usize, total: usize) -> Result<(), Box<dyn Error>> {
    let store = Store::open(options).await?;
    let mut load = Load { next: 0, open: VecDeque::new(), node: NodeId::new(START, 1) };
    append(&store, &load.opening()?).await?;
    let (mut spent, mut slowest) = (Duration::ZERO, Duration::ZERO);
    let mut written = 0;
    while written < total {
        let entries = load.batch(batch)?;
        let began = Instant::now();
        append(&store, &entries).await?;
        let took = began.elapsed();
        spent += took;
        slowest = slowest.max(took);
        written += entries.len();
    }
    let rate = written as f64 / spent.as_secs_f64();
    let mean = spent.as_secs_f64() * 1000.0 / (written as f64 / batch as f64);
    println!(
        "{:?}: {written} entries in batches of {batch}: {rate:.0} entries/s, {mean:.1} ms a batch, slowest {:.0} ms",
        store.engine(),
        slowest.as_secs_f64() * 1000.0
    );
    let totals = store.totals().await?;
    if totals.cost_sum_calls != totals.cost_sum_rollup || totals.cost_sum_calls != totals.cost_sum_sessions {
        return Err(format!("sums differ: {totals:?}").into());
    }
    store.close().await;
    Ok(())
}

async fn append(store: &Store, entries: &[NewEntry]) -> Result<(), Box<dyn Error>> {
    let mut append = store.begin_append().await?;
    append.next_position().await?;
    append.insert(entries, &[]).await?;
    Ok(append.commit().await?)
}

/// Makes entries such as a gateway at work makes.
struct Load {
    next: u64,
    open: VecDeque<(Reserved, Time)>,
    node: NodeId,
}

impl Load {
    /// Opens the sessions.
    fn opening(&mut self) -> Result<Vec<NewEntry>, Box<dyn Error>> {
        let profile: Name = "default".parse()?;
        let opened = |number: u64| Opened {
            session: session(number),
            parent: None,
            agent: None,
            developer: DeveloperId::new(START, u128::from(number / 2)),
            project: Some(ProjectId::new(START, u128::from(number % 10))),
            team: Some(TeamId::new(START, u128::from(number % 5))),
            profile: profile.clone(),
            token: Digest::of(&number.to_be_bytes()),
            expires_at: START + Span::from_secs(28_800),
            beats: true,
            budget: None,
        };
        (0..SESSIONS).map(|number| self.entry(Event::SessionOpened(Box::new(opened(number))))).collect()
    }

    fn batch(&mut self, size: usize) -> Result<Vec<NewEntry>, Box<dyn Error>> {
        let mut entries = Vec::with_capacity(size);
        let settling = self.open.len().min(size / 2);
        for _ in 0..settling {
            let Some((call, at)) = self.open.pop_front() else { break };
            entries.push(self.entry(Event::CallSettled(Box::new(settled(&call, at))))?);
        }
        while entries.len() < size.max(1) && self.open.len() < (size / 2).max(1) {
            let call = self.reserved();
            self.open.push_back((call.clone(), self.now()));
            entries.push(self.entry(Event::CallReserved(Box::new(call)))?);
        }
        Ok(entries)
    }

    /// A millisecond for every ten entries.
    fn now(&self) -> Time {
        START + Span::from_millis(self.next / 10)
    }

    fn entry(&mut self, event: Event) -> Result<NewEntry, Box<dyn Error>> {
        let time = self.now();
        let request = Some(RequestId::new(time, scatter(self.next)));
        let entry = Entry { time, actor: Actor::System, node: self.node, request, chain: None, event };
        let bytes = ledger::encode(&entry)?;
        let leaf = ledger::leaf_hash(&bytes);
        let position = self.next;
        self.next += 1;
        Ok(NewEntry { position, bytes, leaf, entry })
    }

    fn reserved(&self) -> Reserved {
        let number = u64::try_from(scatter(self.next) % u128::from(SESSIONS)).unwrap_or(0);
        Reserved {
            call: CallId::new(self.now(), scatter(self.next)),
            session: session(number),
            node: self.node,
            hold: Usd::from_nanos(250_000_000),
            dimensions: Dimensions {
                developer: DeveloperId::new(START, u128::from(number / 2)),
                project: Some(ProjectId::new(START, u128::from(number % 10))),
                team: Some(TeamId::new(START, u128::from(number % 5))),
                model: ["claude-opus-4-6", "claude-haiku-4-5"][usize::from(self.next.is_multiple_of(3))].to_owned(),
            },
            claims: Claims {
                client_session: Some("0a5b6c7d-1111-4222-8333-944445555666".to_owned()),
                metadata_session: Some("0a5b6c7d-1111-4222-8333-944445555666".to_owned()),
                agent: None,
                user_agent: Some("claude-cli/2.0.0 (external, cli)".to_owned()),
            },
        }
    }
}

fn session(number: u64) -> SessionId {
    SessionId::new(START, scatter(number))
}

/// Bits that look random, the same in every run.
fn scatter(number: u64) -> u128 {
    u128::from(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 12 | u128::from(number)
}

fn settled(call: &Reserved, reserved_at: Time) -> Settled {
    Settled {
        call: call.call,
        session: call.session,
        reserved_at,
        hold: call.hold,
        dimensions: call.dimensions.clone(),
        settlement: Settlement {
            outcome: Outcome::Completed,
            cost: Usd::from_nanos(12_345_678),
            list: Usd::from_nanos(13_345_678),
            quality: Quality::Exact,
            unpriced: false,
            usage: Usage { input_tokens: 12, cache_read_tokens: 50_000, output_tokens: 700, ..Usage::default() },
            model: Some("claude-opus-4-6-20260205".to_owned()),
            upstream: Some("anthropic".to_owned()),
            status: Some(200),
            upstream_request: Some("req_011CVQd7f8sB2kQ4mYpZr1Xw".to_owned()),
            book: "2026-11".to_owned(),
        },
    }
}
