//! Blocks of ports that a workspace may have.

use std::net::{Ipv4Addr, TcpListener};

use crate::limits::{WORKSPACE_PORT_BLOCKS, WORKSPACE_PORT_FIRST, WORKSPACE_PORTS};
use crate::workspace::Owner;

/// First ports of the blocks in which nobody listens, each once. Sessions and their parts start looking at different ones, so that those
/// that start together do not all want the first.
pub(super) fn free_blocks(owner: &Owner, is_free: impl Fn(u16) -> bool) -> Vec<u16> {
    let start = owner.to_string().bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
    let blocks =
        (0..WORKSPACE_PORT_BLOCKS).map(|index| (start % WORKSPACE_PORT_BLOCKS + index) % WORKSPACE_PORT_BLOCKS);
    let firsts = blocks.map(|block| WORKSPACE_PORT_FIRST + block * WORKSPACE_PORTS);
    firsts.filter(|first| (*first..first + WORKSPACE_PORTS).all(&is_free)).collect()
}

/// Whether nobody listens at a port of this machine.
pub(super) fn nobody_listens(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A block's name in resources: `30020-30039`.
pub(super) fn range(first: u16) -> String {
    format!("{first}-{}", first + WORKSPACE_PORTS - 1)
}

/// The first port of such a name.
pub(super) fn first_of(range: &str) -> Option<u16> {
    range.split_once('-')?.0.parse().ok()
}

/// Ports with commas between them.
pub(super) fn list(text: &str) -> Vec<u16> {
    text.split(',').filter_map(|port| port.parse().ok()).collect()
}

/// The same backwards.
pub(in crate::run) fn listed(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
