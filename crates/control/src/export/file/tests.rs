#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_rotated_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("log"), folder.path().join("log.1"));
    let file = append(&path, None, b"one\n").unwrap();
    let file = append(&path, Some(file), b"two\n").unwrap();
    std::fs::rename(&path, &moved).unwrap();
    let file = append(&path, Some(file), b"three\n").unwrap();
    std::fs::remove_file(&path).unwrap();
    append(&path, Some(file), b"four\n").unwrap();
    assert_eq!((read(&moved).as_str(), read(&path).as_str()), ("one\ntwo\n", "four\n"));
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_cut_line_is_ended_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, "whole\nha").unwrap();
    append(&path, None, b"next\n").unwrap();
    assert_eq!(read(&path), "whole\nha\nnext\n");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(append(&folder.path().join("no/log"), None, b"x\n").is_err());
}
