use std::collections::BTreeSet;

use domain::{SessionId, Time};

use super::{first_of, free_blocks, range};
use crate::workspace::Owner;

fn session(number: u128) -> Owner {
    SessionId::new(Time::from_unix_millis(1), number).into()
}

#[test]
fn all_blocks_are_offered_once_and_lie_below_the_system_s_own_ports() {
    let blocks = free_blocks(&session(1), |_| true);
    let all: BTreeSet<u16> = blocks.iter().copied().collect();
    assert_eq!((blocks.len(), all.len()), (128, 128));
    assert_eq!((all.first(), all.last()), (Some(&30_000), Some(&32_540)));
    assert!(all.iter().all(|first| first % 20 == 0 && first + 19 < 32_768));
    let starts: BTreeSet<u16> = (0..64).map(|number| free_blocks(&session(number), |_| true)[0]).collect();
    assert!(starts.len() > 16, "{starts:?}");
}

#[test]
fn a_block_with_a_port_in_use_is_not_offered() {
    let blocks = free_blocks(&session(1), |port| port != 30_025);
    assert_eq!(blocks.len(), 127);
    assert!(!blocks.contains(&30_020));
    assert_eq!(free_blocks(&session(1), |_| false), Vec::<u16>::new());
}

#[test]
fn names_of_blocks() {
    assert_eq!(range(30_020), "30020-30039");
    assert_eq!(first_of("30020-30039"), Some(30_020));
    assert_eq!(first_of("x"), None);
}
