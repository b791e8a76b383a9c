#![allow(clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

use super::{Family, Process};

/// A shell that waits for its standard input to end.
fn waiting() -> Child {
    Command::new("sh").args(["-c", "read line"]).stdin(Stdio::piped()).spawn().unwrap()
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

#[test]
fn descendants_belong_and_nobody_else() {
    let family = Family::of("ses_1");
    let mut child = waiting();
    assert_eq!(family.admit(Some(pid(&child))), Ok(()));
    assert_eq!(family.admit(Some(Pid::this())), Ok(()), "the launcher itself");
    for stranger in [None, Some(Pid::from_raw(0)), Some(Pid::from_raw(1)), Some(Pid::parent())] {
        let said = family.admit(stranger).unwrap_err().to_string();
        assert_eq!(said, "this socket belongs to session ses_1: you are not one of its processes", "{stranger:?}");
    }
    let gone = pid(&child);
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(family.admit(Some(gone)).is_err(), "gone");
}

#[test]
fn who_is_below_a_launcher_inside_belongs_to_that_one_s_session() {
    let mut launcher = Command::new("sh");
    launcher.args(["-c", "sh -c 'echo $$; read line'; true"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut launcher = launcher.spawn().unwrap();
    let mut line = String::new();
    let mut said = std::io::BufReader::new(launcher.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    let below = Pid::from_raw(line.trim().parse().unwrap());

    let family = Family::of("ses_1");
    assert_eq!(family.admit(Some(below)), Ok(()));
    family.launches(Some(pid(&launcher)));
    assert_eq!(family.admit(Some(pid(&launcher))), Ok(()));
    assert!(family.admit(Some(below)).is_err());
    drop(launcher.stdin.take());
    launcher.wait().unwrap();
}

#[test]
fn a_number_that_went_to_another_process_is_not_the_launcher() {
    let mut launcher = Process::this().unwrap();
    launcher.started += 1;
    assert!(Family::below("ses_1", Some(launcher)).admit(Some(Pid::this())).is_err());
}

#[test]
fn without_a_process_table_the_user_is_all_there_is_to_ask_for() {
    assert_eq!(Family::below("ses_1", None).admit(None), Ok(()));
}
