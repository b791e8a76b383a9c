//! The world: one log, several nodes, clients, and an outside observer who folds the log for himself.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::client;
use super::faults::{self, Fate};
use super::node::{Memory, Node, QUEUE_MAX};
use super::promise::{self, Index, Request, Told};
use crate::node::Start;
use crate::tests::house::{MORNING, furniture};
use crate::tests::laws::{of_history, of_state};
use crate::{Actor, CallId, Command, Event, NodeId, SessionId, State, Time, decide};

/// Nodes that run at a time.
const NODES: usize = 3;

/// What happened how often.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    pub(super) found_done: u64,
    pub(super) commits_failed: u64,
    pub(super) commits_unknown: u64,
    pub(super) crashes: u64,
    pub(super) clock_jumps: u64,
    pub(super) rebuilds: u64,
    pub(super) snapshots: u64,
    pub(super) caught_up: u64,
    pub(super) group_commits: u64,
    pub(super) grants: u64,
    pub(super) claims: u64,
}

/// Everything there is.
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) log: Vec<(Event, Time)>,
    pub(super) nodes: Vec<Node>,
    /// Nodes that crashed and whose calls nobody has settled yet.
    pub(super) dead: Vec<NodeId>,
    /// The newest snapshot in the store, as text, and how many lines it covers.
    pub(super) snapshot: (String, usize),
    /// Last beats: rows that all nodes see.
    pub(super) beats: BTreeMap<SessionId, Time>,
    /// Calls that were acknowledged and that their gateways still have to settle.
    pub(super) running: Vec<CallId>,
    /// The true time, in milliseconds.
    pub(super) clock: i64,
    /// Ids handed out.
    pub(super) ids: u128,
    /// Commands decided and faults suffered.
    pub(super) steps: u64,
    pub(super) tally: Tally,
    /// The observer's fold of the log.
    pub(super) truth: State,
    pub(super) index: Index,
}

impl World {
    pub(super) fn new(chance: Chance) -> Self {
        let mut world = Self {
            chance,
            log: Vec::new(),
            nodes: Vec::new(),
            dead: Vec::new(),
            snapshot: (serde_json::to_string(&State::default()).unwrap(), 0),
            beats: BTreeMap::new(),
            running: Vec::new(),
            clock: MORNING.unix_millis(),
            ids: 1_000,
            steps: 0,
            tally: Tally::default(),
            truth: State::default(),
            index: Index::default(),
        };
        for (by, command) in furniture() {
            let events = decide(&world.truth, by, &command, MORNING).unwrap();
            world.commit(events.into_iter().map(|event| (event, MORNING)).collect());
        }
        world.dead.push(crate::tests::house::nod(0));
        while world.nodes.len() < NODES {
            world.start_node();
        }
        world
    }

    pub(super) fn fresh(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    /// One thing happens; then the laws must hold.
    pub(super) fn step(&mut self) {
        let lines = self.log.len();
        self.clock += i64::try_from(self.chance.below(400)).unwrap();
        match self.chance.below(100) {
            0..55 => {
                let request = client::think(self);
                self.submit(request);
            }
            55..88 => self.run_batch(),
            88..93 => faults::reap(self),
            93..96 => faults::pause(self),
            96..98 => faults::jump_clock(self),
            98 => faults::take_snapshot(self),
            _ => {
                let victim = self.any_node();
                faults::crash(self, victim);
            }
        }
        if self.log.len() > lines {
            of_state::all(&self.truth);
            of_state::budgets_hold(&self.truth);
        }
    }

    pub(super) fn any_node(&mut self) -> usize {
        usize::try_from(self.chance.below(NODES as u64)).unwrap()
    }

    /// Hands a request to some node; a full queue turns it away, which its client may take for a refusal.
    pub(super) fn submit(&mut self, request: Request) {
        let node = self.any_node();
        let queue = &mut self.nodes[node].queue;
        if queue.len() < QUEUE_MAX {
            queue.push(request);
        }
    }

    /// Some node decides what waits there; chance says what becomes of the commit.
    fn run_batch(&mut self) {
        let at = self.any_node();
        let node = &mut self.nodes[at];
        let missed = self.log.len() - node.memory.position;
        let draft = node.draft(&self.log, self.clock);
        self.steps += draft.answers.len() as u64;
        self.tally.caught_up += u64::from(missed > 0 && !draft.lines.is_empty());
        self.tally.group_commits += u64::from(draft.answers.len() > 1);
        match Fate::choose(&mut self.chance) {
            Fate::Committed => {
                self.commit(draft.lines);
                self.nodes[at].memory.position = self.log.len();
                assert_eq!(self.nodes[at].memory.state, self.truth, "a node sees another state than the log says");
                for (request, answer) in draft.answers {
                    self.answer(&request, &answer);
                }
            }
            Fate::Failed => {
                self.tally.commits_failed += 1;
                self.nodes[at].memory = self.rebuild();
                draft.answers.into_iter().for_each(|(request, _)| self.retry(request));
            }
            Fate::Unknown { written } => {
                self.tally.commits_unknown += 1;
                if written {
                    self.commit(draft.lines);
                }
                self.nodes[at].memory = self.rebuild();
                self.leave_in_doubt(draft.answers.into_iter().map(|(request, _)| request).collect());
            }
            Fate::Crashed { written } => {
                if written {
                    self.commit(draft.lines);
                }
                self.leave_in_doubt(draft.answers.into_iter().map(|(request, _)| request).collect());
                faults::crash(self, at);
            }
        }
    }

    /// The lines are durable now.
    fn commit(&mut self, lines: Vec<(Event, Time)>) {
        for (event, at) in lines {
            assert!(at >= self.truth.last_time, "time runs backwards in the log");
            self.index.note(&event, self.log.len());
            if let Event::LockGranted(granted) = &event {
                self.tally.grants += 1;
                self.tally.claims += u64::from(self.index.queued.contains_key(&granted.ticket));
            }
            self.truth.apply(&event, at);
            self.log.push((event, at));
        }
    }

    fn answer(&mut self, request: &Request, answer: &Result<Vec<Event>, crate::Refusal>) {
        match promise::read(request, answer, &self.index) {
            Told::Done => self.tally.acknowledged += 1,
            Told::DoneBefore => self.tally.found_done += 1,
            Told::Refused => {
                self.tally.refused += 1;
                return;
            }
        }
        // Only an acknowledged call may deliver bytes, and only such a call is settled.
        if let Command::ReserveCall(reserve) = &request.command
            && self.truth.calls.contains_key(&reserve.call)
        {
            self.running.push(reserve.call);
        }
    }

    /// Clients whose requests were lost on the way try again, mostly, and elsewhere.
    pub(super) fn leave_in_doubt(&mut self, requests: Vec<Request>) {
        for request in requests {
            self.retry(Request { in_doubt: true, ..request });
        }
    }

    /// What must happen in the end is retried until it does; the rest most of the time.
    fn retry(&mut self, request: Request) {
        let must = matches!(request.command, Command::SettleCall(_) | Command::StartNode(_));
        if must || self.chance.percent(80) {
            self.submit(request);
        }
    }

    /// A new memory, from the newest snapshot and the lines after it.
    pub(super) fn rebuild(&mut self) -> Memory {
        self.tally.rebuilds += 1;
        let state = serde_json::from_str(&self.snapshot.0).unwrap();
        let mut memory = Memory { state, position: self.snapshot.1 };
        memory.catch_up(&self.log);
        assert_eq!(memory.state, self.truth, "snapshot and log make another state than the log alone");
        memory
    }

    pub(super) fn start_node(&mut self) {
        let id = NodeId::new(Time::from_unix_millis(self.clock), self.fresh());
        let memory = self.rebuild();
        let mut node = Node::new(id, memory);
        let command = Command::StartNode(Start { node: id, version: "0.0.0".to_owned() });
        node.queue.push(Request { by: Actor::System, command, in_doubt: false });
        self.nodes.push(node);
    }

    /// Everybody goes home: nodes die, time passes, recovery runs. Nothing may be left, and the whole history be lawful.
    pub(super) fn drain(&mut self) {
        for node in std::mem::take(&mut self.nodes) {
            self.dead.push(node.id);
        }
        self.clock += 8 * 86_400_000;
        faults::recover_everything(self);
        of_state::all(&self.truth);
        assert!(self.truth.sessions.is_empty() && self.truth.calls.is_empty(), "left over: {:?}", self.truth);
        assert!(
            self.truth.locks.tickets.is_empty() && self.truth.closing.is_empty(),
            "left over: {:?}",
            self.truth.locks
        );
        assert!(self.truth.aliases.is_empty() && self.truth.children.is_empty() && self.truth.nodes.is_empty());
        of_history::all(&self.log, &self.truth);
    }

    /// Decides and commits at once, for the drain.
    pub(super) fn decree(&mut self, command: &Command) -> usize {
        let now = Time::from_unix_millis(self.clock).max(self.truth.last_time);
        let events = decide(&self.truth, Actor::System, command, now).unwrap_or_default();
        let count = events.len();
        self.commit(events.into_iter().map(|event| (event, now)).collect());
        count
    }
}
