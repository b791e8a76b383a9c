//! Which serial numbers are written together.

use std::collections::BTreeSet;

use crate::ssh::limits::KRL_BITMAP_BITS_MAX;

/// Numbers that are written in one of the three forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    /// Eight bytes each.
    List(Vec<u64>),
    /// All between two, these included.
    Range {
        /// The lowest.
        first: u64,
        /// The highest.
        last: u64,
    },
    /// One bit each.
    Bitmap {
        /// What the lowest bit stands for.
        first: u64,
        /// A positive `mpint` (RFC 4251, section 5) without its length.
        bits: Vec<u8>,
    },
}

/// Up to this distance a number costs a bitmap no more than a list.
const GAP_MAX: u64 = 64;
/// A range costs as much as two numbers of a list.
const RANGE_MIN: usize = 3;
/// What a bitmap costs besides its bits, roughly: two lengths, a type, a number and perhaps the start of another list.
const BITMAP_BYTES: usize = 24;

/// All of these numbers, in groups, in order.
pub(super) fn groups(serials: &BTreeSet<u64>) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut near: Vec<u64> = Vec::new();
    for &serial in serials {
        let is_near = near.last().is_none_or(|last| serial - last <= GAP_MAX)
            && near.first().is_none_or(|first| serial - first < KRL_BITMAP_BITS_MAX);
        if !is_near {
            add(&mut groups, std::mem::take(&mut near));
        }
        near.push(serial);
    }
    add(&mut groups, near);
    groups
}

/// Adds numbers that lie near each other, in the shortest form.
fn add(groups: &mut Vec<Group>, near: Vec<u64>) {
    let (Some(&first), Some(&last)) = (near.first(), near.last()) else { return };
    let numbers = last - first + 1;
    if near.len() >= RANGE_MIN && u64::try_from(near.len()) == Ok(numbers) {
        groups.push(Group::Range { first, last });
        return;
    }
    let bits = bits(first, last, &near);
    if bits.len() + BITMAP_BYTES < near.len() * 8 {
        groups.push(Group::Bitmap { first, bits });
        return;
    }
    match groups.last_mut() {
        Some(Group::List(list)) => list.extend(near),
        _ => groups.push(Group::List(near)),
    }
}

/// The highest bit is set, so a byte is only led by a zero when it would be read as a sign.
fn bits(first: u64, last: u64, near: &[u64]) -> Vec<u8> {
    // INVARIANT: the numbers span less than `KRL_BITMAP_BITS_MAX`.
    let place = |serial: u64| usize::try_from(serial - first).unwrap_or_default();
    let mut bits = vec![0_u8; place(last) / 8 + 1];
    let bytes = bits.len();
    for &serial in near {
        let place = place(serial);
        if let Some(byte) = bits.get_mut(bytes - 1 - place / 8) {
            *byte |= 1 << (place % 8);
        }
    }
    if bits.first().is_some_and(|first| first & 0x80 != 0) {
        bits.insert(0, 0);
    }
    bits
}
