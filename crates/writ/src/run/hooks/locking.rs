//! Before a tool is used: the locks that it needs.

use domain::TicketId;
use domain::lock::{Mode, Want};
use policy::Rules;
use tokio::time::Instant;

use super::act::{Act, Target, want};
use super::before::refused;
use super::input::Agent;
use super::plane::{Acquire, Plane};
use super::{Hooks, words};
use crate::client::{ClientError, Problem};
use crate::limits::INTENT_CHARS_MAX;
use crate::ticket::Ticket;

impl<P: Plane> Hooks<P> {
    /// Gets what is not held yet. True if somebody was asked, which takes time.
    pub(super) async fn lock(&self, agent: &Agent, act: &Act, rules: &Rules, wants: Vec<Want>) -> Result<bool, String> {
        let missing = self.state().tickets.missing(agent, &wants);
        let (said, mut missing): (Vec<_>, Vec<_>) = missing.into_iter().partition(|want| want.mode == Mode::N);
        self.announce(agent, act, rules, said);
        self.leave_ignored(act, rules, &mut missing).await;
        if missing.is_empty() {
            return Ok(false);
        }
        let began = Instant::now();
        let answer = self.ask(act, &missing).await;
        self.settle(agent, missing, answer, began.elapsed().as_secs())
    }

    /// Says what only says something. It keeps nobody out and is refused by nobody, so it is not waited for.
    fn announce(&self, agent: &Agent, act: &Act, rules: &Rules, mut said: Vec<Want>) {
        if said.is_empty() {
            return;
        }
        let (hooks, agent, act, rules) = (self.clone(), agent.clone(), act.clone(), rules.clone());
        tokio::spawn(async move {
            hooks.leave_ignored(&act, &rules, &mut said).await;
            if said.is_empty() {
                return;
            }
            let answer = hooks.ask(&act, &said).await;
            // Nobody waits for it, and nothing depends on it.
            let _ = hooks.settle(&agent, said, answer, 0);
        });
    }

    /// Files that git ignores need no lock, unless a rule says otherwise.
    async fn leave_ignored(&self, act: &Act, rules: &Rules, missing: &mut Vec<Want>) {
        let wanted =
            |target: &Target| want(&target.place, rules).filter(|want| matches!(want.mode, Mode::IX | Mode::N));
        let is_missing = |want: &Want| missing.contains(want);
        let asked: Vec<_> = act
            .targets
            .iter()
            .filter_map(|target| wanted(target).filter(is_missing).map(|want| (&target.place, want)))
            .collect();
        let places: Vec<_> = asked.iter().map(|(place, _)| *place).collect();
        let ignored = if places.is_empty() { Default::default() } else { self.ignored(&places).await };
        let gone: Vec<_> =
            asked.into_iter().filter(|(place, _)| ignored.contains(&place.path)).map(|(_, w)| w).collect();
        missing.retain(|want| !gone.contains(want));
    }

    async fn ask(&self, act: &Act, missing: &[Want]) -> Result<Ticket, ClientError> {
        let waiting = self.state().tickets.waiting_for(missing);
        let mut ask = Acquire {
            ticket: waiting.unwrap_or_else(new_ticket),
            wants: missing.to_vec(),
            wait: true,
            wait_seconds: self.0.whose.lock_wait_seconds,
            intent: self.intent(&act.name).chars().take(INTENT_CHARS_MAX).collect(),
        };
        match self.0.plane.acquire(&ask).await {
            Err(ClientError::Refused(problem)) if problem.code == "ticket_over" => {
                self.state().tickets.drop_ticket(&ask.ticket);
                self.0.push.let_go(&ask.ticket);
                ask.ticket = new_ticket();
                self.0.plane.acquire(&ask).await
            }
            answer => answer,
        }
    }

    fn settle(
        &self,
        agent: &Agent,
        missing: Vec<Want>,
        answer: Result<Ticket, ClientError>,
        waited_seconds: u64,
    ) -> Result<bool, String> {
        match answer {
            Ok(ticket) if ticket.state == "held" => {
                let token = ticket.token.unwrap_or_default();
                let told = ticket.wants.iter().map(|want| (want.resource.as_str(), want.mode.as_str()));
                self.0.push.hold(&ticket.ticket, token, told);
                self.state().tickets.hold(agent, &ticket.ticket, token, missing);
                Ok(true)
            }
            Ok(ticket) => {
                let text = words::locked(&missing, &ticket, waited_seconds);
                self.state().tickets.wait(&ticket.ticket, missing);
                Err(text)
            }
            Err(ClientError::Refused(problem)) if !is_away(&problem) => Err(refused(&problem)),
            // A control plane that knows no locks.
            Err(error) if error.is_not_found() => Ok(true),
            // Who changes an ordinary file beside others is merged with them, and checked at the push.
            Err(_) if missing.iter().all(|want| matches!(want.mode, Mode::IX | Mode::IS)) => Ok(true),
            Err(_) => Err(words::unanswered(&missing)),
        }
    }
}

fn new_ticket() -> String {
    let now = control::seam::Clock::System.now();
    TicketId::new(now, u128::from_le_bytes(control::seam::random())).to_string()
}

/// Answers that mean that nobody is there to ask.
fn is_away(problem: &Problem) -> bool {
    problem.status == 404 || problem.status >= 500
}
