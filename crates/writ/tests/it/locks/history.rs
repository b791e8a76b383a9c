//! A judge of histories of one lock: whether there is an order of the operations in which each took effect at one moment
//! between its beginning and its end, and every answer is what a lock would have said.
//!
//! The search of Wing and Gong ("Testing and verifying concurrent objects", 1993), with the memory of Lowe ("Testing for
//! linearizability", 2017): a set of operations with a state that was tried once is not tried again.

use std::collections::HashSet;

/// What was asked, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Did {
    /// Asked to hold it: granted to this ticket with this token.
    Granted { ticket: String, token: u64 },
    /// Granted and let go in one: nobody held it, and the token was the newest.
    Passed { token: u64 },
    /// Asked to hold it, or only whether it is free: somebody holds it, by this ticket where the answer says it.
    Held { by: Option<String> },
    /// Let go by this ticket with this token; nothing happens when that is not who holds.
    Released { ticket: String, token: u64 },
    /// Looked: held by this ticket with this token, or free.
    Looked { holder: Option<(String, u64)> },
}

/// One operation of one client; moments are counted, each is another.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) did: Did,
}

/// The lock: who holds it, and the newest token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Lock {
    holder: Option<(String, u64)>,
    newest: u64,
}

impl Lock {
    /// The lock after it, if the answer is right.
    fn after(&self, did: &Did) -> Option<Self> {
        let free = self.holder.is_none();
        match did {
            Did::Granted { ticket, token } if free && *token > self.newest => {
                Some(Self { holder: Some((ticket.clone(), *token)), newest: *token })
            }
            Did::Passed { token } if free && *token > self.newest => Some(Self { holder: None, newest: *token }),
            Did::Held { by } => {
                let (holder, _) = self.holder.as_ref()?;
                by.as_ref().is_none_or(|by| by == holder).then(|| self.clone())
            }
            Did::Released { ticket, token } => match &self.holder {
                Some((holder, held)) if holder == ticket && held == token => {
                    Some(Self { holder: None, newest: self.newest })
                }
                _ => Some(self.clone()),
            },
            Did::Looked { holder } if *holder == self.holder => Some(self.clone()),
            Did::Granted { .. } | Did::Passed { .. } | Did::Looked { .. } => None,
        }
    }
}

/// Whether the history is linearizable; if not, how far an order could be found, and what could not follow.
pub(super) fn judge(history: &[Operation]) -> Result<(), String> {
    let mut search = Search::new(history);
    if search.run() { Ok(()) } else { Err(search.farthest()) }
}

/// A search that goes forward as far as it can, and back when it cannot.
struct Search<'a> {
    operations: Vec<&'a Operation>,
    /// Which took effect.
    done: Vec<u64>,
    /// In which order, with the lock before each.
    order: Vec<(usize, Lock)>,
    lock: Lock,
    seen: HashSet<(Vec<u64>, Lock)>,
    best: (usize, String),
}

impl<'a> Search<'a> {
    fn new(history: &'a [Operation]) -> Self {
        let mut operations: Vec<_> = history.iter().collect();
        operations.sort_by_key(|operation| operation.from);
        let done = vec![0; operations.len().div_ceil(64)];
        let (order, lock, seen) = (Vec::new(), Lock::default(), HashSet::new());
        Self { operations, done, order, lock, seen, best: (0, String::new()) }
    }

    fn is_done(&self, at: usize) -> bool {
        self.done[at / 64] >> (at % 64) & 1 == 1
    }

    /// The first that is not done; everything before it is.
    fn first_open(&self) -> usize {
        let word = self.done.iter().position(|word| *word != u64::MAX).unwrap_or(self.done.len());
        let bit = self.done.get(word).map_or(0, |word| word.trailing_ones() as usize);
        word * 64 + bit
    }

    fn run(&mut self) -> bool {
        let mut from = 0;
        loop {
            if self.order.len() == self.operations.len() {
                return true;
            }
            match self.next(from) {
                Some((at, lock)) => {
                    self.done[at / 64] |= 1 << (at % 64);
                    let before = std::mem::replace(&mut self.lock, lock);
                    self.order.push((at, before));
                    from = 0;
                }
                None => {
                    self.note();
                    let Some((at, before)) = self.order.pop() else { return false };
                    self.done[at / 64] &= !(1 << (at % 64));
                    self.lock = before;
                    from = at + 1;
                }
            }
        }
    }

    /// The next one from here on that may take effect now: it began before any open one ended, and its answer is right.
    fn next(&mut self, from: usize) -> Option<(usize, Lock)> {
        let first = self.first_open();
        let mut earliest_end = u64::MAX;
        for at in first..self.operations.len() {
            let operation = self.operations[at];
            if operation.from > earliest_end {
                return None;
            }
            if self.is_done(at) {
                continue;
            }
            earliest_end = earliest_end.min(operation.to);
            if at < from {
                continue;
            }
            let Some(lock) = self.lock.after(&operation.did) else { continue };
            let mut done = self.done.clone();
            done[at / 64] |= 1 << (at % 64);
            if self.seen.insert((done, lock.clone())) {
                return Some((at, lock));
            }
        }
        None
    }

    fn note(&mut self) {
        if self.order.len() >= self.best.0 {
            let open = self.operations.iter().enumerate().filter(|(at, _)| !self.is_done(*at)).take(8);
            let open: Vec<_> = open.map(|(_, operation)| *operation).collect();
            self.best = (self.order.len(), format!("{:?} cannot be followed by any of {open:#?}", self.lock));
        }
    }

    fn farthest(&self) -> String {
        format!("after {} of {} operations {}", self.best.0, self.operations.len(), self.best.1)
    }
}

fn operation(from: u64, to: u64, did: Did) -> Operation {
    Operation { from, to, did }
}

fn granted(ticket: &str, token: u64) -> Did {
    Did::Granted { ticket: ticket.to_owned(), token }
}

fn released(ticket: &str, token: u64) -> Did {
    Did::Released { ticket: ticket.to_owned(), token }
}

fn held(by: &str) -> Did {
    Did::Held { by: Some(by.to_owned()) }
}

#[test]
fn a_history_in_order_is_right() {
    let history = [
        operation(0, 1, granted("a", 5)),
        operation(2, 3, held("a")),
        operation(4, 5, released("a", 4)),
        operation(6, 7, Did::Looked { holder: Some(("a".to_owned(), 5)) }),
        operation(8, 9, released("a", 5)),
        operation(10, 11, Did::Passed { token: 7 }),
        operation(12, 13, granted("b", 8)),
    ];
    assert_eq!(judge(&history), Ok(()));
}

/// What overlaps may take effect in either order.
#[test]
fn what_overlaps_is_put_in_order() {
    let history = [
        operation(0, 9, granted("b", 8)),
        operation(1, 8, granted("a", 5)),
        operation(2, 7, released("a", 5)),
        operation(3, 10, held("b")),
        operation(4, 6, Did::Looked { holder: None }),
    ];
    assert_eq!(judge(&history), Ok(()));
}

#[test]
fn what_no_lock_would_say_is_found() {
    let wrong: [(&str, Vec<Operation>); 7] = [
        ("two hold it", vec![operation(0, 1, granted("a", 5)), operation(2, 3, granted("b", 6))]),
        (
            "a token falls",
            vec![operation(0, 1, granted("a", 5)), operation(2, 3, released("a", 5)), operation(4, 5, granted("b", 4))],
        ),
        ("free, and held", vec![operation(0, 1, Did::Looked { holder: None }), operation(0, 1, held("a"))]),
        (
            "an old look",
            vec![
                operation(0, 1, granted("a", 5)),
                operation(2, 3, released("a", 5)),
                operation(4, 5, Did::Looked { holder: Some(("a".to_owned(), 5)) }),
            ],
        ),
        (
            "a release with another token lets go",
            vec![operation(0, 1, granted("a", 5)), operation(2, 3, released("a", 4)), operation(4, 5, granted("b", 6))],
        ),
        ("passed by while held", vec![operation(0, 1, granted("a", 5)), operation(2, 3, Did::Passed { token: 6 })]),
        (
            "held by another",
            vec![operation(0, 9, granted("a", 5)), operation(1, 8, held("b")), operation(2, 7, held("a"))],
        ),
    ];
    for (what, history) in wrong {
        assert!(judge(&history).is_err(), "{what}");
    }
}
