#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;

use super::notice;

/// A child that ended and that nobody waited for.
#[expect(clippy::zombie_processes, reason = "a zombie is what these tests want")]
fn ended() -> Pid {
    let child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    pid
}

#[test]
fn a_zombie_is_noticed_at_the_second_look_and_the_agent_never() {
    let (orphan, agent) = (ended(), ended());
    let seen = notice(agent, &[]);
    assert_eq!(seen.iter().map(|process| process.pid).collect::<Vec<_>>(), [orphan]);
    let late = ended();
    let seen = notice(agent, &seen);
    assert_eq!(seen.iter().map(|process| process.pid).collect::<Vec<_>>(), [late]);
    assert_eq!(waitpid(orphan, None), Err(Errno::ECHILD), "its end was noticed");
    assert!(waitpid(late, None).is_ok() && waitpid(agent, None).is_ok(), "theirs was left to others");
    assert_eq!(notice(agent, &seen), [], "no child is left");
}
