//! How long "who did this?" takes in the store of a large log.
//!
//! `cargo run --release -p store --example who_speed -- build FOLDER [entries]` makes a log of a team at work in
//! `FOLDER/writ.db` (10,000,000 entries, about 12 GB, some ten minutes), or goes on with one that was broken off.
//! `… -- ask FOLDER [rounds]` asks for things of every kind, each taken from a random place in the log, by the statements
//! that `writ who` makes, and prints a line per kind.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use domain::artifact::Recorded;
use domain::call::{Dimensions, Outcome, Quality, Reserved, Settled, Settlement};
use domain::certificate::{Issued, Purpose};
use domain::session::{AliasClaimed, Claims, Closed, How, Opened, Over};
use domain::{
    Actor, ArtifactKind, CallId, DeveloperId, Digest, Event, Name, NodeId, ProjectId, RequestId, SessionId, Span,
    TeamId, Time, Usage, Usd,
};
use ledger::{Chains, Entry};
use store::{EntryQuery, NewEntry, Options, SessionFilter, Store, Synchronous};
use tokio::time::Instant;

const START: Time = Time::from_unix_millis(1_795_351_234_567);
/// Time between two entries: 10,000,000 make a month.
const STEP: Span = Span::from_millis(259);
/// Sessions at work at the same time.
const AT_WORK: u64 = 100;
/// Calls of a session.
const CALLS: u64 = 24;
const DEVELOPERS: u64 = 200;
const PROJECTS: u64 = 20;
const BATCH: usize = 2_048;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "who_speed build FOLDER [entries] | who_speed ask FOLDER [rounds]";
    let mut arguments = std::env::args().skip(1);
    let (verb, folder) = arguments.next().zip(arguments.next()).ok_or(usage)?;
    let number = arguments.next().map(|text| text.parse()).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match verb.as_str() {
        "build" => runtime.block_on(build(Path::new(&folder), number.unwrap_or(10_000_000))),
        "ask" => runtime.block_on(ask(Path::new(&folder), number.unwrap_or(300))),
        _ => Err(usage.into()),
    }
}

async fn open(folder: &Path) -> Result<Store, Box<dyn Error>> {
    let url = format!("sqlite:{}", folder.join("writ.db").display()).parse()?;
    Ok(Store::open(&Options { synchronous: Synchronous::Normal, ..Options::new(url) }).await?)
}

async fn build(folder: &Path, total: u64) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let store = open(folder).await?;
    let mut load = Load { next: 0, sessions: 0, chains: Chains::default(), at_work: Vec::new() };
    let there = store.next_position().await?;
    let began = Instant::now();
    while load.next < total {
        let entries = load.batch()?;
        if load.next <= there {
            continue;
        }
        let mut append = store.begin_append().await?;
        append.next_position().await?;
        append.insert(&entries, &[]).await?;
        append.commit().await?;
        if load.next % (BATCH as u64 * 100) < BATCH as u64 {
            eprintln!("{} entries, {} s", load.next, began.elapsed().as_secs());
        }
    }
    println!("{} entries, {} sessions", load.next, load.sessions);
    store.close().await;
    Ok(())
}

/// A session at work: how many of its steps are done.
struct Work {
    number: u64,
    step: u64,
    call: Option<(Reserved, Time)>,
}

struct Load {
    next: u64,
    sessions: u64,
    chains: Chains,
    at_work: Vec<Work>,
}

impl Load {
    fn batch(&mut self) -> Result<Vec<NewEntry>, Box<dyn Error>> {
        let mut entries = Vec::with_capacity(BATCH);
        while entries.len() < BATCH {
            while self.at_work.len() < AT_WORK as usize {
                self.at_work.push(Work { number: self.sessions, step: 0, call: None });
                self.sessions += 1;
            }
            let which = (scatter(self.next) % u128::from(AT_WORK)) as usize;
            let Some(mut work) = (which < self.at_work.len()).then(|| self.at_work.swap_remove(which)) else {
                continue;
            };
            let event = self.step(&mut work)?;
            let is_last = matches!(event, Event::SessionClosed(_));
            entries.push(self.entry(event)?);
            if !is_last {
                self.at_work.push(work);
            }
        }
        Ok(entries)
    }

    /// What a session does next: opens, names itself, gets a certificate, calls, commits, ends.
    fn step(&self, work: &mut Work) -> Result<Event, Box<dyn Error>> {
        let session = session(work.number);
        let step = work.step;
        work.step += 1;
        Ok(match step {
            0 => Event::SessionOpened(Box::new(opened(work.number)?)),
            1 => Event::AliasClaimed(AliasClaimed { session, client_session: client_session(work.number) }),
            2 => Event::CertificateIssued(Issued {
                session,
                serial: 1_000_000_000 + work.number,
                purpose: Purpose::GitSigning,
                key: format!("SHA256:{:043}", work.number),
                valid_until: self.now() + Span::from_secs(3600),
            }),
            step if step < 3 + 2 * CALLS => match work.call.take() {
                None => {
                    let call = self.reserved(work.number);
                    work.call = Some((call.clone(), self.now()));
                    Event::CallReserved(Box::new(call))
                }
                Some((call, at)) => Event::CallSettled(Box::new(self.settled(&call, at))),
            },
            step if step < 5 + 2 * CALLS => {
                let value = Digest::of(&self.next.to_be_bytes()).to_string().chars().take(40).collect();
                Event::ArtifactRecorded(Recorded { session, kind: ArtifactKind::Commit, value })
            }
            step if step == 5 + 2 * CALLS => {
                Event::SessionOver(Over { session, how: How::Ended { exit_code: Some(0) } })
            }
            _ => Event::SessionClosed(Closed { session }),
        })
    }

    fn now(&self) -> Time {
        START + Span::from_millis(self.next * STEP.as_millis())
    }

    fn entry(&mut self, event: Event) -> Result<NewEntry, Box<dyn Error>> {
        let time = self.now();
        let request = Some(RequestId::new(time, scatter(self.next)));
        let chain = self.chains.place(&event);
        let entry = Entry { time, actor: Actor::System, node: NodeId::new(START, 1), request, chain, event };
        let bytes = ledger::encode(&entry)?;
        let leaf = ledger::leaf_hash(&bytes);
        self.chains.follow(&entry, leaf);
        let position = self.next;
        self.next += 1;
        Ok(NewEntry { position, bytes, leaf, entry })
    }

    fn reserved(&self, number: u64) -> Reserved {
        Reserved {
            call: CallId::new(self.now(), scatter(self.next)),
            session: session(number),
            node: NodeId::new(START, 1),
            hold: Usd::from_nanos(250_000_000),
            dimensions: Dimensions {
                developer: DeveloperId::new(START, u128::from(number % DEVELOPERS)),
                project: Some(ProjectId::new(START, u128::from(number % PROJECTS))),
                team: Some(TeamId::new(START, u128::from(number % 5))),
                model: ["claude-opus-4-6", "claude-haiku-4-5"][usize::from(self.next.is_multiple_of(3))].to_owned(),
            },
            claims: Claims {
                client_session: Some(client_session(number)),
                metadata_session: Some(client_session(number)),
                agent: None,
                user_agent: Some("claude-cli/2.0.0 (external, cli)".to_owned()),
            },
        }
    }

    fn settled(&self, call: &Reserved, reserved_at: Time) -> Settled {
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
                upstream_request: Some(format!("req_011C{:020X}", scatter(self.next) & ((1 << 80) - 1))),
                book: "2026-11".to_owned(),
            },
        }
    }
}

fn opened(number: u64) -> Result<Opened, Box<dyn Error>> {
    let profile: Name = "default".parse()?;
    Ok(Opened {
        session: session(number),
        parent: None,
        agent: None,
        developer: DeveloperId::new(START, u128::from(number % DEVELOPERS)),
        project: Some(ProjectId::new(START, u128::from(number % PROJECTS))),
        team: Some(TeamId::new(START, u128::from(number % 5))),
        profile,
        token: Digest::of(&number.to_be_bytes()),
        expires_at: START + Span::from_secs(90 * 86_400),
        beats: true,
        budget: None,
    })
}

/// Ids that sort about as the sessions open: one for every 55 entries.
fn session(number: u64) -> SessionId {
    SessionId::new(START + Span::from_millis(number * 55 * STEP.as_millis()), scatter(number))
}

fn client_session(number: u64) -> String {
    format!("{:08x}-1111-4222-8333-944445555666", number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff)
}

/// Bits that look random, the same in every run.
fn scatter(number: u64) -> u128 {
    u128::from(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 12 | u128::from(number)
}

/// The name of a thing that an entry tells of, if it is of the kind.
type Pick = fn(&Entry) -> Option<String>;

async fn ask(folder: &Path, rounds: u64) -> Result<(), Box<dyn Error>> {
    let store = open(folder).await?;
    let size = store.next_position().await?;
    println!("{size} entries");
    let kinds: [(&str, Pick); 6] = [
        ("session", |entry| entry.event.session().map(|id| id.to_string())),
        ("call", |entry| match &entry.event {
            Event::CallReserved(call) => Some(call.call.to_string()),
            _ => None,
        }),
        ("request of a call", |entry| match &entry.event {
            Event::CallReserved(_) => entry.request.map(|id| id.to_string()),
            _ => None,
        }),
        ("upstream request", |entry| match &entry.event {
            Event::CallSettled(call) => call.settlement.upstream_request.clone(),
            _ => None,
        }),
        ("client session", |entry| match &entry.event {
            Event::AliasClaimed(claimed) => Some(claimed.client_session.clone()),
            _ => None,
        }),
        ("commit, short", |entry| match &entry.event {
            Event::ArtifactRecorded(made) => Some(made.value.chars().take(10).collect()),
            _ => None,
        }),
    ];
    for (name, pick) in kinds {
        let mut took = Vec::new();
        for round in 0..rounds {
            let thing = thing_near(&store, scatter(round * 7919) as u64 % size, pick).await?;
            let began = Instant::now();
            who(&store, &thing).await?;
            took.push(began.elapsed());
        }
        println!("who: {name:<20} {}", spread(took));
    }
    let mut took = Vec::new();
    for round in 0..rounds {
        let moment = START + Span::from_millis(scatter(round) as u64 % (size * STEP.as_millis()));
        let began = Instant::now();
        store.position_at(moment).await?;
        took.push(began.elapsed());
    }
    println!("position of a time        {}", spread(took));
    searches(&store, size).await
}

async fn searches(store: &Store, size: u64) -> Result<(), Box<dyn Error>> {
    let all = EntryQuery { limit: 1_000, ..EntryQuery::default() };
    let one = EntryQuery { developer: Some(DeveloperId::new(START, 7)), from: size / 2, ..all.clone() };
    let project = EntryQuery { project: Some(ProjectId::new(START, 7)), from: size / 2, ..all.clone() };
    for (name, query) in [
        ("a session", EntryQuery { session: Some(session(size / 110)), ..all.clone() }),
        ("a kind without calls", EntryQuery { kind: Some("session.over".to_owned()), ..all.clone() }),
        ("a developer", one),
        ("a project", project),
        ("a kind of nothing", EntryQuery { kind: Some("team.".to_owned()), ..all.clone() }),
        ("nobody, of calls", EntryQuery { developer: Some(DeveloperId::new(START, 9_999)), ..all.clone() }),
        ("a text of nothing", EntryQuery { value: Some("nowhere".to_owned()), ..all }),
    ] {
        let began = Instant::now();
        let page = store.search(&query).await?;
        let took = began.elapsed().as_secs_f64() * 1000.0;
        let last = page.next.map_or_else(|| "the end".to_owned(), |next| (next - query.from).to_string());
        println!("search: {name:<22} {took:>8.1} ms, {} entries found, read up to {last}", page.entries.len());
    }
    Ok(())
}

/// A thing of this kind from this place of the log, or soon after it.
async fn thing_near(store: &Store, at: u64, pick: Pick) -> Result<String, Box<dyn Error>> {
    let mut after = Some(at);
    loop {
        let entries = store.entries(after, 1_000).await?;
        let last = entries.last().map(|entry| entry.position);
        for stored in entries {
            if let Some(thing) = pick(&ledger::decode(&stored.bytes)?) {
                return Ok(thing);
            }
        }
        after = last;
    }
}

/// The statements of `writ who`, in the order in which the control plane makes them.
async fn who(store: &Store, thing: &str) -> Result<(), Box<dyn Error>> {
    let mut found = None;
    let (mut at, mut position) = (START, 0);
    if let Ok(id) = thing.parse::<SessionId>() {
        position = store.opening_position(id).await?.ok_or("no opening")?;
        found = Some(id);
    } else if let Ok(id) = thing.parse::<CallId>() {
        let call = store.call(id).await?.ok_or("no call")?;
        position = store.call_positions(id).await?.ok_or("no positions")?.reserved;
        found = Some(call.session);
    }
    if found.is_none() {
        let mut rows = store.artifacts(thing, 20).await?;
        if rows.is_empty() && thing.len() < 40 && thing.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            rows = store.artifacts_by_digits(thing, 20).await?;
        }
        if let Some(row) = rows.first() {
            (found, position) = (Some(row.session), row.position);
        }
    }
    if found.is_none()
        && let Ok(request) = thing.parse::<RequestId>()
    {
        let call = store.call_of_request(request).await?.ok_or("no call of the request")?;
        position = store.call_positions(call.id).await?.ok_or("no positions")?.reserved;
        found = Some(call.session);
    }
    let id = found.ok_or_else(|| format!("`{thing}` was not found"))?;
    let session = store.session(id).await?.ok_or("no session")?;
    let entry = store.entry(position).await?.ok_or("no entry")?;
    at = ledger::decode(&entry.bytes)?.time.max(at);
    store.opening_position(id).await?;
    store.artifacts_of_session(id, 100).await?;
    store.user_agents(id, 10).await?;
    let middle = SessionId::new(at, 0);
    let beside = SessionFilter { project: session.project, limit: 50, ..SessionFilter::default() };
    store.sessions(&SessionFilter { before: Some(middle), ..beside.clone() }).await?;
    store.sessions_after(middle, &SessionFilter { limit: 6, ..beside }).await?;
    Ok(())
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |share: f64| {
        let index = ((took.len() as f64 - 1.0) * share).round() as usize;
        took.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    format!("p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms", at(0.5), at(0.99), at(1.0))
}
