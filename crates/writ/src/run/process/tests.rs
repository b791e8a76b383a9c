#![allow(clippy::unwrap_used)]

use nix::unistd::Pid;

use super::Process;

#[test]
fn a_name_may_hold_anything() {
    let rest = "1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
    for (name, state, is_zombie) in
        [("sh", "S", false), ("a) R 9 (b", "Z", true), (") ) )", "X", true), ("", "D", false)]
    {
        let process = Process::parse(Pid::from_raw(42), &format!("42 ({name}) {state} {rest}\n")).unwrap();
        let expected = Process { pid: Pid::from_raw(42), parent: Pid::from_raw(1), started: 777, is_zombie };
        assert_eq!(process, expected, "{name}");
    }
}

#[test]
fn what_is_cut_is_no_process() {
    for text in
        ["", "42", "42 (sh", "42 (sh) S", "42 (sh) S 1 2 3", "42 (sh) S x 42 42 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 777"]
    {
        assert_eq!(Process::parse(Pid::from_raw(42), text), None, "{text}");
    }
}
