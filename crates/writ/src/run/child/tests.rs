#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;

use nix::sys::signal::Signal;

use super::{Change, Child, look_up};
use crate::command_error::Exit;
use crate::run::environment::Environment;

fn environment() -> Environment {
    Environment::scrubbed([("PATH".into(), "/usr/bin:/bin".into()), ("SEEN".into(), "yes".into())], &[])
}

fn change_of(command: &[&str], act: impl FnOnce(&Child)) -> Change {
    let command: Vec<_> = command.iter().map(std::ffi::OsString::from).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut child = Child::spawn(&command, environment(), None).unwrap();
    act(&child);
    runtime.block_on(child.change())
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(change_of(&["/bin/sh", "-c", "exit 7"], |_| {}), Change::Exited(7));
    assert_eq!(change_of(&["/bin/sh", "-c", "kill -KILL $$"], |_| {}), Change::Killed(Signal::SIGKILL));
}

#[test]
fn signals_reach_the_whole_group() {
    let command = ["/bin/sh", "-c", "/bin/sleep 600 & /bin/sleep 600; wait"];
    assert_eq!(change_of(&command, |child| child.signal(Signal::SIGTERM)), Change::Killed(Signal::SIGTERM));
}

#[test]
fn a_stop_is_seen_and_the_child_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let command = ["/bin/sh", "-c", "kill -STOP $$; exit 3"].map(std::ffi::OsString::from);
    let mut child = Child::spawn(&command, environment(), None).unwrap();
    assert_eq!(runtime.block_on(child.change()), Change::Stopped(Signal::SIGSTOP));
    child.signal(Signal::SIGCONT);
    assert_eq!(runtime.block_on(child.change()), Change::Exited(3));
    assert_eq!(runtime.block_on(child.change()), Change::Lost);
    assert!(!child.has_processes());
}

#[cfg(target_os = "linux")]
#[test]
fn a_stop_that_is_told_late_is_known_to_be_over() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut child = Child::spawn(&["/bin/sleep", "600"].map(std::ffi::OsString::from), environment(), None).unwrap();
    for _ in 0..2 {
        child.signal(Signal::SIGSTOP);
        assert_eq!(runtime.block_on(child.change()), Change::Stopped(Signal::SIGSTOP));
        assert!(!child.has_gone_on());
        child.signal(Signal::SIGCONT);
        assert!(child.has_gone_on() && child.has_gone_on());
    }
    child.signal(Signal::SIGTERM);
    assert_eq!(runtime.block_on(child.change()), Change::Killed(Signal::SIGTERM));
    assert!(!child.has_gone_on());
}

#[test]
fn the_environment_is_exactly_the_one_given() {
    assert_eq!(change_of(&["/bin/sh", "-c", "test \"$SEEN\" = yes -a -z \"$HOME\""], |_| {}), Change::Exited(0));
}

#[test]
fn programs_are_looked_up_before_a_session_exists() {
    let path = Some(OsStr::new("/nowhere:/bin"));
    assert!(look_up(OsStr::new("sh"), path).is_ok());
    assert!(look_up(OsStr::new("/bin/sh"), None).is_ok());
    for missing in ["no-such-program", "./no-such-program", "/bin/no-such-program"] {
        assert_eq!(look_up(OsStr::new(missing), path).unwrap_err().exit(), Exit::NotFound, "{missing}");
    }
}
