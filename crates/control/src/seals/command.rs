//! The operator's command that prints the seal keys, such as one that asks a key management service.
//!
//! It is run once, at start, without a shell. It prints one key a line, 32 bytes in base64 or hexadecimal: the first
//! seals, the others open what was sealed before. Nothing that it prints is ever repeated, and its standard error is
//! dropped, because a tool that fails may show there what it holds.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use brokers::{SEAL_KEY_BYTES, SEAL_RING_KEYS_MAX, SealKey};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::SealsError;
use crate::limits::{SEAL_COMMAND_BYTES_MAX, SEAL_COMMAND_MAX};

pub(super) const FIELD: &str = "seal_key_command";

/// Runs it and returns its keys in order, at least one.
pub(super) async fn run(command: &[String]) -> Result<Vec<SealKey>, SealsError> {
    run_within(SEAL_COMMAND_MAX, command).await
}

async fn run_within(max: Duration, command: &[String]) -> Result<Vec<SealKey>, SealsError> {
    let (program, arguments) = command.split_first().ok_or_else(|| bad("names no program"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| bad(format!("cannot run `{program}`: {error}")))?;
    let printed = tokio::time::timeout(max, finish(&mut child)).await;
    let printed = printed.map_err(|_| {
        let seconds = max.as_secs();
        bad(format!("`{program}` was not done within {seconds} s: run it by hand and see what it waits for"))
    })??;
    parse(&printed)
}

async fn finish(child: &mut Child) -> Result<Zeroizing<Vec<u8>>, SealsError> {
    let stdout = child.stdout.take().ok_or_else(|| bad("has no output"))?;
    // Never grown, so that no copy is left behind unwiped.
    let mut printed = Zeroizing::new(Vec::with_capacity(SEAL_COMMAND_BYTES_MAX + 1));
    let reading = stdout.take(SEAL_COMMAND_BYTES_MAX as u64 + 1).read_to_end(&mut printed).await;
    reading.map_err(|error| bad(format!("its output cannot be read: {error}")))?;
    if printed.len() > SEAL_COMMAND_BYTES_MAX {
        return Err(bad(format!(
            "prints more than {SEAL_COMMAND_BYTES_MAX} bytes: it should print keys and nothing else"
        )));
    }
    let status = child.wait().await.map_err(|error| bad(format!("cannot be waited for: {error}")))?;
    if status.success() { Ok(printed) } else { Err(bad(format!("failed ({status}): run it by hand and see why"))) }
}

fn parse(printed: &[u8]) -> Result<Vec<SealKey>, SealsError> {
    let text = str::from_utf8(printed).map_err(|_| bad("does not print text: encode the key as base64"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Vec<SealKey> =
        lines.enumerate().map(|(index, line)| parse_line(index + 1, line)).collect::<Result<_, _>>()?;
    match keys.len() {
        0 => Err(bad("prints nothing: it should print 32 bytes as base64 or hexadecimal")),
        count if count > SEAL_RING_KEYS_MAX => {
            Err(bad(format!("prints {count} keys, the limit is {SEAL_RING_KEYS_MAX}")))
        }
        _ => Ok(keys),
    }
}

fn parse_line(number: usize, line: &str) -> Result<SealKey, SealsError> {
    let bytes = if line.len() == 2 * SEAL_KEY_BYTES { hexadecimal(line) } else { base64(line) };
    let bytes: Option<&[u8; SEAL_KEY_BYTES]> = bytes.as_ref().and_then(|bytes| bytes.as_slice().try_into().ok());
    let wrong =
        || bad(format!("line {number} of what it prints is not {SEAL_KEY_BYTES} bytes as base64 or hexadecimal"));
    bytes.map(SealKey::new).ok_or_else(wrong)
}

fn hexadecimal(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(SEAL_KEY_BYTES));
    for pair in line.as_bytes().chunks_exact(2) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

/// With either alphabet, with or without padding.
fn base64(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    let line = line.trim_end_matches('=');
    let engine = if line.contains(['-', '_']) { URL_SAFE_NO_PAD } else { STANDARD_NO_PAD };
    engine.decode(line).ok().map(Zeroizing::new)
}

fn bad(what: impl Into<String>) -> SealsError {
    SealsError::Keys { field: FIELD, what: what.into() }
}

#[cfg(test)]
mod tests;
