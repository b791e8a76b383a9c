//! Looking for thousands of texts at once (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994): most bytes
//! are skipped, so that whole databases are searched in a debug build.

use std::collections::HashMap;

use super::{Minted, Named, forms};

/// The shortest text that is looked for, in bytes: longer ones are found by their beginning.
pub(crate) const LEAST: usize = 12;
/// Bytes that decide how far to skip.
const BLOCK: usize = 3;
/// The last block of a beginning.
const LAST: usize = LEAST - BLOCK;
/// Bits of a block's number.
const BITS: u32 = 18;
/// Finds told of one text: one is enough to fail.
const FOUND_MAX: usize = 100;

/// What is looked for.
pub(crate) struct Search {
    patterns: Vec<Pattern>,
    /// How far the end of a beginning is away at least, by block.
    skips: Vec<u8>,
    /// Whose beginning ends in a block.
    ending: HashMap<usize, Vec<usize>>,
}

struct Pattern {
    bytes: Vec<u8>,
    form: &'static str,
    /// Bytes before it that may be of the same secret.
    rest: usize,
    named: Named,
}

/// A secret where none may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) named: Named,
    pub(crate) form: &'static str,
    /// Where it begins.
    pub(crate) at: usize,
    /// Bytes before that which may be of the same secret, and are not to be shown.
    pub(crate) rest: usize,
}

impl Search {
    /// For these, in every form.
    pub(crate) fn of(secrets: &[Minted]) -> Self {
        let in_forms = |secret: &Minted| {
            let named = secret.named.clone();
            let pattern = move |(form, bytes, rest)| Pattern { bytes, form, rest, named: named.clone() };
            forms::forms(&secret.value).into_iter().map(pattern)
        };
        let patterns: Vec<_> = secrets.iter().flat_map(in_forms).collect();
        let mut skips = vec![u8::try_from(LAST + 1).unwrap(); 1 << BITS];
        let mut ending: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, pattern) in patterns.iter().enumerate() {
            for at in 0..=LAST {
                let skip = &mut skips[block(&pattern.bytes[at..])];
                *skip = (*skip).min(u8::try_from(LAST - at).unwrap());
            }
            ending.entry(block(&pattern.bytes[LAST..])).or_default().push(number);
        }
        Self { patterns, skips, ending }
    }

    /// Which are there, at most [`FOUND_MAX`].
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = LAST;
        while at + BLOCK <= text.len() && found.len() < FOUND_MAX {
            let block = block(&text[at..]);
            let skip = usize::from(self.skips[block]);
            if skip == 0 {
                let start = at - LAST;
                let here = self.ending.get(&block).into_iter().flatten().map(|number| &self.patterns[*number]);
                let here = here.filter(|pattern| text[start..].starts_with(&pattern.bytes));
                found.extend(here.map(|pattern| Found {
                    named: pattern.named.clone(),
                    form: pattern.form,
                    at: start,
                    rest: pattern.rest,
                }));
            }
            at += skip.max(1);
        }
        found
    }
}

/// The number of the first [`BLOCK`] bytes; different blocks may share one.
fn block(bytes: &[u8]) -> usize {
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    (number.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BITS)) as usize
}
