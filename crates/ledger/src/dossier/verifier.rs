//! Verifying an audit bundle, piece by piece: no network, no store, and never more in memory than a head or an entry.

use domain::{Digest, Time};

use super::head::Lines;
use super::session::{SessionChain, State};
use super::{Flaw, Head, Reason, Subject};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::{decode, leaf_hash};
use crate::key::VerifierKey;
use crate::limits::DOSSIER_LINES_BYTES_MAX;
use crate::proof::{beside_range, inclusion_length, verify_inclusion};
use crate::tile::HASH_BYTES;
use crate::tree::Frontier;
use crate::trust::{Cosigned, TrustPolicy};

/// Whom whoever verifies believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The logs of a policy, cosigned as it says.
    Policy(TrustPolicy),
    /// One log.
    Key(VerifierKey),
    /// Whoever the bundle names itself: shows that it agrees with itself, and no more. Witnesses are told and not asked for.
    Enclosed,
}

/// Whether anything is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing is: the range without a gap, or the session from its first to its closing entry.
    Complete,
    /// The session's closing entry is not there: nothing is left out up to the last entry, and more may have followed.
    Open,
    /// The session began before entries were chained: what is there is in the log, what is left out cannot be seen.
    Unchained,
}

/// What a bundle without a flaw shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it holds.
    pub subject: Subject,
    /// Whether anything is left out.
    pub completeness: Completeness,
    /// The log that signed the checkpoint.
    pub log: VerifierKey,
    /// The checkpoint that it is proved against.
    pub checkpoint: SignedCheckpoint,
    /// Which witnesses of the policy cosigned that.
    pub cosigned: Vec<Cosigned>,
    /// The time of the first entry, if it can be read.
    pub first: Option<Time>,
    /// The time of the last entry, if it can be read.
    pub last: Option<Time>,
    /// Bytes of the bundle.
    pub bytes: u64,
}

/// Reads one bundle from its first byte to its last.
///
/// Give it pieces of any size, then ask for the verdict. Nothing of a bundle is to be believed before the verdict.
#[derive(Debug)]
pub struct Verifier {
    trust: Trust,
    stage: Stage,
    /// Where the next part begins in the file.
    offset: u64,
    /// The beginning of a part whose end has not come yet.
    rest: Vec<u8>,
}

/// Which part of the file comes next.
#[derive(Debug)]
enum Stage {
    Lines,
    Head(Box<Lines>),
    Entries(Box<Body>),
    Done(Box<Body>),
    /// A flaw was found.
    Flawed(Box<Flaw>),
}

/// What is known once the head was read.
#[derive(Debug)]
struct Body {
    head: Head,
    cosigned: Vec<Cosigned>,
    /// Where the first entry begins in the file.
    offset: u64,
    /// Entries read.
    read: u64,
    first: Option<Time>,
    last: Option<Time>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Range { from: u64, frontier: Frontier, right: Vec<(u32, Digest)> },
    Session { chain: SessionChain, above: Option<u64> },
}

/// How much of the bytes was the next part.
enum Part {
    /// So many bytes.
    Is(usize),
    /// It is longer: so many bytes at least.
    Needs(usize),
}

/// One entry as it lies in the file.
struct Record<'a> {
    position: u64,
    entry: &'a [u8],
    leaf: Digest,
    proof: &'a [u8],
    /// All its bytes.
    bytes: usize,
}

/// What is wrong, and with which entry.
struct Found(Option<u64>, Reason);

impl<R: Into<Reason>> From<R> for Found {
    fn from(reason: R) -> Self {
        Self(None, reason.into())
    }
}

// === impl Verifier ===

impl Verifier {
    /// Before the first byte.
    pub fn new(trust: Trust) -> Self {
        Self { trust, stage: Stage::Lines, offset: 0, rest: Vec::new() }
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// The first flaw; again, when it is asked again.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), Flaw> {
        // The part that an earlier piece ended in gets what it lacks, so that nothing else is copied.
        while !self.rest.is_empty() {
            let mut rest = std::mem::take(&mut self.rest);
            match self.part(&rest)? {
                Part::Is(bytes) => drop(rest.drain(..bytes)),
                Part::Needs(bytes) => {
                    let missing = bytes.saturating_sub(rest.len()).min(piece.len());
                    let (now, later) = piece.split_at(missing);
                    rest.extend_from_slice(now);
                    self.rest = rest;
                    if missing == 0 {
                        return Ok(());
                    }
                    piece = later;
                    continue;
                }
            }
            self.rest = rest;
        }
        while let Part::Is(bytes) = self.part(piece)? {
            piece = &piece[bytes..];
        }
        self.rest.extend_from_slice(piece);
        Ok(())
    }

    /// After the last byte.
    ///
    /// # Errors
    /// The first flaw, which may be that the file is not whole.
    pub fn finish(self) -> Result<Verdict, Flaw> {
        let cut = |entry, what| Flaw { offset: self.offset, entry, reason: Reason::Truncated(what) };
        match self.stage {
            Stage::Flawed(flaw) => Err(*flaw),
            Stage::Lines | Stage::Head(_) => Err(cut(None, "its head")),
            Stage::Entries(body) => Err(cut(body.expected_position(), "an entry")),
            Stage::Done(body) => Ok(body.verdict(self.offset)),
        }
    }

    /// Takes the next part off the front of some bytes.
    fn part(&mut self, bytes: &[u8]) -> Result<Part, Flaw> {
        let offset = self.offset;
        let stage = std::mem::replace(&mut self.stage, Stage::Lines);
        let found = match stage {
            Stage::Flawed(flaw) => {
                self.stage = Stage::Flawed(flaw.clone());
                return Err(*flaw);
            }
            Stage::Lines => lines(bytes),
            Stage::Head(lines) => self.head(lines, bytes),
            Stage::Entries(body) => body.entry(bytes),
            Stage::Done(body) if bytes.is_empty() => Ok((Part::Needs(1), Stage::Done(body))),
            Stage::Done(_) => Err(Reason::Trailing.into()),
        };
        match found {
            Ok((part, stage)) => {
                self.stage = stage;
                if let Part::Is(bytes) = part {
                    self.offset += bytes as u64;
                }
                Ok(part)
            }
            Err(Found(entry, reason)) => {
                let flaw = Flaw { offset, entry, reason };
                self.stage = Stage::Flawed(Box::new(flaw.clone()));
                Err(flaw)
            }
        }
    }

    /// The head once more, now with all that its lines announced; they are no part of their own.
    fn head(&self, lines: Box<Lines>, bytes: &[u8]) -> Result<(Part, Stage), Found> {
        let Some(head) = bytes.get(..lines.head_bytes()) else {
            return Ok((Part::Needs(lines.head_bytes()), Stage::Head(lines)));
        };
        let head = Head::parse(&lines, head)?;
        let beside = match head.subject {
            Subject::Range { from, to } => beside_range(from, to, head.checkpoint.size())?,
            Subject::Session { .. } => Vec::new(),
        };
        let hashed = lines.head_bytes() + beside.len() * HASH_BYTES;
        let Some(all) = bytes.get(..hashed + HASH_BYTES) else {
            return Ok((Part::Needs(hashed + HASH_BYTES), Stage::Head(lines)));
        };
        let (hashed, hash) = all.split_at(hashed);
        if Digest::of(hashed).as_bytes() != hash {
            return Err(Reason::Head.into());
        }
        let cosigned = self.trusted(&head)?;
        let hashes = hashes(hashed.get(lines.head_bytes()..).unwrap_or_default());
        let kind = match head.subject {
            Subject::Session { session, .. } => Kind::Session { chain: SessionChain::new(session), above: None },
            Subject::Range { from, .. } => {
                let is_left = |subtree: &std::ops::Range<u64>| subtree.end <= from;
                let left = beside.iter().take_while(|subtree| is_left(subtree)).count();
                let heights = beside.iter().map(|subtree| (subtree.end - subtree.start).ilog2());
                let right = heights.zip(hashes.iter().copied()).skip(left).collect();
                // The subtrees on the left are those of a tree of so many leaves: the parts belong together.
                let frontier = Frontier::from_parts(from, hashes.iter().copied().take(left).collect());
                Kind::Range { from, frontier: frontier.unwrap_or_default(), right }
            }
        };
        let offset = self.offset + all.len() as u64;
        let body = Body { head, cosigned, offset, read: 0, first: None, last: None, kind };
        Ok((Part::Is(all.len()), Stage::Entries(Box::new(body))))
    }

    fn trusted(&self, head: &Head) -> Result<Vec<Cosigned>, Found> {
        match &self.trust {
            Trust::Policy(policy) => Ok(policy.check(&head.checkpoint)?),
            Trust::Key(key) => {
                head.checkpoint.verify_log(key).map_err(Reason::Untrusted)?;
                Ok(Vec::new())
            }
            Trust::Enclosed => match &head.policy {
                Some(policy) => Ok(TrustPolicy::parse(policy)?.evaluate(&head.checkpoint)?.cosigned),
                None => Ok(Vec::new()),
            },
        }
    }
}

/// Reads the lines of the head, and leaves them where they are.
fn lines(bytes: &[u8]) -> Result<(Part, Stage), Found> {
    Ok(match Lines::parse(bytes)? {
        Some(lines) => (Part::Is(0), Stage::Head(Box::new(lines))),
        None => (Part::Needs(DOSSIER_LINES_BYTES_MAX), Stage::Lines),
    })
}

fn hashes(bytes: &[u8]) -> Vec<Digest> {
    bytes.as_chunks::<HASH_BYTES>().0.iter().map(|hash| Digest::from_bytes(*hash)).collect()
}

// === impl Body ===

impl Body {
    fn entry(mut self: Box<Self>, bytes: &[u8]) -> Result<(Part, Stage), Found> {
        let record = match self.record(bytes)? {
            Ok(record) => record,
            Err(needed) => return Ok((Part::Needs(needed), Stage::Entries(self))),
        };
        let used = record.bytes;
        self.take(&record).map_err(|reason| Found(Some(record.position), reason))?;
        self.read += 1;
        if self.read < self.head.subject.entries() {
            return Ok((Part::Is(used), Stage::Entries(self)));
        }
        self.check_root()?;
        Ok((Part::Is(used), Stage::Done(self)))
    }

    /// Finds the borders of the next entry; or how many bytes that takes.
    fn record<'a>(&self, bytes: &'a [u8]) -> Result<Result<Record<'a>, usize>, Found> {
        let (position, start) = match &self.kind {
            Kind::Range { from, .. } => (from + self.read, 0),
            Kind::Session { .. } => match bytes.first_chunk::<8>() {
                Some(position) => (u64::from_be_bytes(*position), 8),
                None => return Ok(Err(8)),
            },
        };
        let proof = match &self.kind {
            Kind::Range { .. } => 0,
            Kind::Session { above, .. } => {
                if let Some(above) = above.filter(|above| position <= *above) {
                    return Err(Found(Some(position), Reason::Order { above }));
                }
                let length = inclusion_length(position, self.head.checkpoint.size());
                length.map_err(|error| Found(Some(position), error.into()))? * HASH_BYTES
            }
        };
        let Some(length) = bytes.get(start..).and_then(|bytes| bytes.first_chunk::<2>()) else {
            return Ok(Err(start + 2));
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 {
            return Err(Found(Some(position), Reason::Empty));
        }
        let (entry, leaf) = (start + 2, start + 2 + length);
        let end = leaf + HASH_BYTES + proof;
        let Some(all) = bytes.get(..end) else { return Ok(Err(end)) };
        let (leaf, proof) = all[leaf..].split_at(HASH_BYTES);
        let leaf = leaf.first_chunk().map_or(Digest::from_bytes([0; HASH_BYTES]), |leaf| Digest::from_bytes(*leaf));
        Ok(Ok(Record { position, entry: &all[entry..entry + length], leaf, proof, bytes: end }))
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), Reason> {
        let leaf = leaf_hash(record.entry);
        if leaf != record.leaf {
            return Err(Reason::Leaf);
        }
        let is_last = self.read + 1 == self.head.subject.entries();
        match &mut self.kind {
            Kind::Range { frontier, .. } => {
                frontier.push(leaf);
                // A log of a newer writ is proved like any other; only its times cannot be read here.
                if self.read == 0 {
                    self.first = decode(record.entry).ok().map(|entry| entry.time);
                }
                if is_last {
                    self.last = decode(record.entry).ok().map(|entry| entry.time);
                }
            }
            Kind::Session { chain, above } => {
                let checkpoint = &self.head.checkpoint;
                let (proof, root) = (hashes(record.proof), checkpoint.root());
                verify_inclusion(&leaf, record.position, checkpoint.size(), &proof, &root)?;
                let entry = decode(record.entry)?;
                chain.follow(&entry, leaf)?;
                *above = Some(record.position);
                self.first = self.first.or(Some(entry.time));
                self.last = Some(entry.time);
            }
        }
        Ok(())
    }

    /// A range is proved as a whole, once its last entry was read.
    fn check_root(&mut self) -> Result<(), Found> {
        let Kind::Range { frontier, right, .. } = &mut self.kind else { return Ok(()) };
        for (height, root) in right.drain(..) {
            frontier.push_subtree(height, root);
        }
        let is_the_logs =
            frontier.size() == self.head.checkpoint.size() && frontier.root() == self.head.checkpoint.root();
        if is_the_logs { Ok(()) } else { Err(Reason::Root { from: self.offset }.into()) }
    }

    /// Which entry comes next, where that is known.
    fn expected_position(&self) -> Option<u64> {
        match &self.kind {
            Kind::Range { from, .. } => Some(from + self.read),
            Kind::Session { .. } => None,
        }
    }

    fn verdict(self, bytes: u64) -> Verdict {
        let completeness = match &self.kind {
            Kind::Range { .. } => Completeness::Complete,
            Kind::Session { chain, .. } => match chain.state() {
                State::Closed => Completeness::Complete,
                State::Unchained => Completeness::Unchained,
                State::Empty | State::Open(_) => Completeness::Open,
            },
        };
        let Self { head: Head { subject, log, checkpoint, .. }, cosigned, first, last, .. } = self;
        Verdict { subject, completeness, log, checkpoint, cosigned, first, last, bytes }
    }
}
