//! `writ audit verify`: no network, no server, one pass over the file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use domain::Time;
use ledger::Cosigned;
use ledger::dossier::{Completeness, Flaw, Subject, Verdict, Verifier};
use serde_json::{Value, json};

use super::whom::{Whom, whom};
use crate::cli::AuditVerify;
use crate::command_error::{CommandError, Exit};
use crate::limits::BUNDLE_PIECE_BYTES;
use crate::output::{clean, moment, print, print_json_lines};

/// Checks a bundle.
pub(super) fn verify(arguments: &AuditVerify) -> Result<Exit, CommandError> {
    let whom = whom(arguments.trust.as_deref(), arguments.key.as_ref())?;
    let verifier = Verifier::new(whom.trust.clone());
    let name = arguments.bundle.display().to_string();
    let checked = if arguments.bundle == Path::new("-") {
        read(std::io::stdin().lock(), verifier, "standard input")?
    } else {
        let failed = |error: std::io::Error| CommandError::usage(format!("cannot read `{name}`")).because(&error);
        read(File::open(&arguments.bundle).map_err(failed)?, verifier, &name)?
    };
    let result = judged(&checked, arguments.allow_open, &name);
    if arguments.json {
        let value = match &checked {
            Ok(verdict) => shown(verdict, &whom, result.is_ok()),
            Err(flaw) => json!({"verified": false, "offset": flaw.offset, "entry": flaw.entry,
                "detail": flaw.reason.to_string()}),
        };
        print_json_lines([&value])?;
    } else if let Ok(verdict) = &checked {
        print(&text(verdict, &whom))?;
    }
    if checked.is_ok()
        && let Some(warning) = whom.warning()
    {
        eprintln!("{warning}");
    }
    result
}

/// Feeds a file to a verifier, a piece at a time.
fn read(mut from: impl Read, mut verifier: Verifier, name: &str) -> Result<Result<Verdict, Flaw>, CommandError> {
    let mut piece = vec![0; BUNDLE_PIECE_BYTES];
    loop {
        let length = from
            .read(&mut piece)
            .map_err(|error| CommandError::usage(format!("cannot read `{name}`")).because(&error))?;
        if length == 0 {
            return Ok(verifier.finish());
        }
        if let Err(flaw) = verifier.push(&piece[..length]) {
            return Ok(Err(flaw));
        }
    }
}

fn judged(checked: &Result<Verdict, Flaw>, allow_open: bool, name: &str) -> Result<Exit, CommandError> {
    match checked {
        Err(flaw) => {
            Err(CommandError::failed(format!("`{name}` is altered or incomplete: {}", clean(&flaw.to_string()))))
        }
        Ok(Verdict { completeness: Completeness::Complete, .. }) => Ok(Exit::Done),
        Ok(Verdict { completeness: Completeness::Open, .. }) if allow_open => Ok(Exit::Done),
        Ok(Verdict { completeness: Completeness::Open, .. }) => {
            Err(CommandError::failed("the session's closing entry is not in the bundle, so more may have followed")
                .hinted("export it again once the session is over, or accept that with --allow-open"))
        }
        Ok(Verdict { completeness: Completeness::Unchained, .. }) => {
            Err(CommandError::failed("the session began before entries were chained: what was left out cannot be seen")
                .hinted(
                    "export the time of the session instead (--since, --until): such a bundle is complete by itself",
                ))
        }
    }
}

fn word(completeness: Completeness) -> &'static str {
    match completeness {
        Completeness::Complete => "complete",
        Completeness::Open => "open",
        Completeness::Unchained => "unchained",
    }
}

fn text(verdict: &Verdict, whom: &Whom) -> String {
    let what = match verdict.subject {
        Subject::Session { session, .. } => format!("session {session}"),
        Subject::Range { from, to } => format!("entries {from} to {}", to - 1),
    };
    let standing = match verdict.completeness {
        Completeness::Complete => "complete and unaltered",
        Completeness::Open => "unaltered, and open: not closed yet",
        Completeness::Unchained => "unaltered, without a chain",
    };
    let period = match (verdict.first, verdict.last) {
        (Some(first), Some(last)) => format!(", {} to {}", moment(first), moment(last)),
        _ => String::new(),
    };
    let (origin, size, root) = (verdict.checkpoint.origin(), verdict.checkpoint.size(), verdict.checkpoint.root());
    let mut text = format!("{what}: {standing}\n");
    text.push_str(&format!("entries     {}{period}\n", verdict.subject.entries()));
    text.push_str(&format!("log         {}, key {}\n", clean(origin), clean(&verdict.log.to_string())));
    text.push_str(&format!("checkpoint  {size} entries, root {root}\n"));
    text.push_str(&format!("believed    {}\n", clean(&whom.source)));
    for Cosigned { witness, time_s } in &verdict.cosigned {
        text.push_str(&format!("witness     {}, {}\n", clean(witness), seconds(*time_s)));
    }
    text
}

fn shown(verdict: &Verdict, whom: &Whom, accepted: bool) -> Value {
    let subject = match verdict.subject {
        Subject::Session { session, .. } => json!({"session": session.to_string()}),
        Subject::Range { from, to } => json!({"from": from, "to": to}),
    };
    let cosigned = |one: &Cosigned| json!({"witness": one.witness, "time": seconds(one.time_s)});
    json!({
        "verified": true,
        "accepted": accepted,
        "subject": subject,
        "completeness": word(verdict.completeness),
        "entries": verdict.subject.entries(),
        "first": verdict.first.map(moment),
        "last": verdict.last.map(moment),
        "bytes": verdict.bytes,
        "origin": verdict.checkpoint.origin(),
        "key": verdict.log.to_string(),
        "size": verdict.checkpoint.size(),
        "root": verdict.checkpoint.root().to_string(),
        "trust": whom.name(),
        "cosigned": verdict.cosigned.iter().map(cosigned).collect::<Vec<_>>(),
    })
}

fn seconds(time_s: u64) -> String {
    moment(Time::from_unix_millis(i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1000)))
}
