//! Reads a policy file, line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, LOG, Member, TrustPolicy, TrustedLog, TrustedWitness, WITNESS};
use crate::key::{Algorithm, KeyError, VerifierKey};
use crate::limits::{POLICY_BYTES_MAX, POLICY_ITEMS_MAX};
use crate::text;

/// The name that means: no cosignature is asked for.
const NONE: &str = "none";

/// A line that is not a policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trust policy: {problem}")]
pub struct PolicyError {
    /// Which one, from 1; the one below the last when something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub problem: PolicyProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// The file is too long to look at.
    #[error("the file has {bytes} bytes, the limit is {POLICY_BYTES_MAX}")]
    TooLong {
        /// How many bytes there are.
        bytes: usize,
    },
    /// A byte that no policy has.
    #[error("a trust policy is UTF-8 without control characters other than tab and newline")]
    Characters,
    /// A first word that means nothing.
    #[error("`{0}` is not one of log, witness, group, quorum")]
    Keyword(String),
    /// Too few words, or too many.
    #[error("expected `{0}`")]
    Words(&'static str),
    /// A key that is none, or is for the other purpose.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key that stands on another line already.
    #[error("this key is on another line already")]
    KeyTwice,
    /// A name that is taken, or means something else.
    #[error("the name `{0}` is taken")]
    NameTaken(String),
    /// A name that no line above defines.
    #[error("no line above defines `{0}`")]
    UnknownName(String),
    /// A name that is in a group already.
    #[error("`{0}` is a member of a group already")]
    MemberTwice(String),
    /// A threshold that no group of this size can have.
    #[error("expected `all`, `any` or a number from 1 to {members}, not `{found}`")]
    Threshold {
        /// What stands there.
        found: String,
        /// How many members the group has.
        members: usize,
    },
    /// A second quorum.
    #[error("there is a quorum already")]
    QuorumTwice,
    /// No quorum.
    #[error("the file ends without a quorum")]
    NoQuorum,
    /// Too many of something.
    #[error("there are more than {POLICY_ITEMS_MAX} of these")]
    TooMany,
}

#[derive(Default)]
struct Reader {
    logs: Vec<TrustedLog>,
    witnesses: Vec<TrustedWitness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: BTreeMap<String, Member>,
    grouped: BTreeSet<String>,
}

pub(super) fn policy(bytes: &[u8]) -> Result<TrustPolicy, PolicyError> {
    let whole = |problem| PolicyError { line: 1, problem };
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(whole(PolicyProblem::TooLong { bytes: bytes.len() }));
    }
    let text = str::from_utf8(bytes).map_err(|_| whole(PolicyProblem::Characters))?;
    let mut reader = Reader::default();
    let mut below = 1;
    for (at, line) in text.split('\n').enumerate() {
        reader.line(line).map_err(|problem| PolicyError { line: at + 1, problem })?;
        below = at + 2;
    }
    let Reader { logs, witnesses, groups, quorum, .. } = reader;
    let quorum = quorum.ok_or(PolicyError { line: below, problem: PolicyProblem::NoQuorum })?;
    Ok(TrustPolicy { logs, witnesses, groups, quorum })
}

// === impl Reader ===

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), PolicyProblem> {
        if line.bytes().any(|byte| byte != b'\t' && (byte < 0x20 || byte == 0x7f)) {
            return Err(PolicyProblem::Characters);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let Some((keyword, words)) = words.split_first() else { return Ok(()) };
        match *keyword {
            comment if comment.starts_with('#') => Ok(()),
            "log" => self.log(words),
            "witness" => self.witness(words),
            "group" => self.group(words),
            "quorum" => self.set_quorum(words),
            other => Err(PolicyProblem::Keyword(other.to_owned())),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), PolicyProblem> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some((*url).to_owned())),
            _ => return Err(PolicyProblem::Words("log <vkey> [<url>]")),
        };
        let key = key_for(key, LOG)?;
        if self.logs.iter().any(|log| log.key.public() == key.public()) {
            return Err(PolicyProblem::KeyTwice);
        }
        push(&mut self.logs, TrustedLog { key, url }).map(drop)
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), PolicyProblem> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some((*url).to_owned())),
            _ => return Err(PolicyProblem::Words("witness <name> <vkey> [<url>]")),
        };
        let key = key_for(key, WITNESS)?;
        if self.witnesses.iter().any(|witness| witness.key.public() == key.public()) {
            return Err(PolicyProblem::KeyTwice);
        }
        let at = push(&mut self.witnesses, TrustedWitness { name: (*name).to_owned(), key, url })?;
        self.define(name, Member::Witness(at))
    }

    fn group(&mut self, words: &[&str]) -> Result<(), PolicyProblem> {
        let [name, threshold, members @ ..] = words else {
            return Err(PolicyProblem::Words("group <name> all|any|<number> <member>…"));
        };
        if members.is_empty() {
            return Err(PolicyProblem::Words("group <name> all|any|<number> <member>…"));
        }
        let threshold = threshold_of(threshold, members.len())?;
        let members = members.iter().map(|member| self.take(member)).collect::<Result<_, _>>()?;
        let at = push(&mut self.groups, Group { threshold, members })?;
        self.define(name, Member::Group(at))
    }

    fn set_quorum(&mut self, words: &[&str]) -> Result<(), PolicyProblem> {
        let [name] = words else { return Err(PolicyProblem::Words("quorum <name>|none")) };
        if self.quorum.is_some() {
            return Err(PolicyProblem::QuorumTwice);
        }
        self.quorum = Some(if *name == NONE { None } else { Some(self.find(name)?) });
        Ok(())
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), PolicyProblem> {
        let taken = name == NONE || self.names.insert(name.to_owned(), member).is_some();
        if taken { Err(PolicyProblem::NameTaken(name.to_owned())) } else { Ok(()) }
    }

    fn find(&self, name: &str) -> Result<Member, PolicyProblem> {
        self.names.get(name).copied().ok_or_else(|| PolicyProblem::UnknownName(name.to_owned()))
    }

    /// A name as a member: each can be one once, so that a witness counts in one way only.
    fn take(&mut self, name: &str) -> Result<Member, PolicyProblem> {
        let member = self.find(name)?;
        if self.grouped.insert(name.to_owned()) { Ok(member) } else { Err(PolicyProblem::MemberTwice(name.to_owned())) }
    }
}

fn key_for(text: &str, purpose: Algorithm) -> Result<VerifierKey, PolicyProblem> {
    Ok(text.parse::<VerifierKey>()?.expect_for(purpose)?)
}

fn threshold_of(word: &str, members: usize) -> Result<usize, PolicyProblem> {
    let number = match word {
        "all" => Some(members),
        "any" => Some(1),
        number => text::decimal(number).and_then(|number| usize::try_from(number).ok()),
    };
    let found = || PolicyProblem::Threshold { found: word.to_owned(), members };
    number.filter(|number| (1..=members).contains(number)).ok_or_else(found)
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<usize, PolicyProblem> {
    if list.len() == POLICY_ITEMS_MAX {
        return Err(PolicyProblem::TooMany);
    }
    list.push(item);
    Ok(list.len() - 1)
}
