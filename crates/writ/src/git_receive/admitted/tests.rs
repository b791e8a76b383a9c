use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use super::{ADMITTED_NOTES_MAX, FOLDER, note, take};

#[test]
fn a_note_is_taken_once_by_the_same_push() {
    let folder = tempfile::tempdir().unwrap();
    note(folder.path(), b"one", 21).unwrap();
    note(folder.path(), b"two", 22).unwrap();
    assert_eq!(take(folder.path(), b"on"), None);
    assert_eq!(take(folder.path(), b"one"), Some(21));
    assert_eq!(take(folder.path(), b"one"), None);
    assert_eq!(take(folder.path(), b"two"), Some(22));
}

#[test]
fn what_never_came_is_forgotten_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    note(folder.path(), b"lost", 1).unwrap();
    let notes = || std::fs::read_dir(folder.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    File::open(notes().next().unwrap()).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    note(folder.path(), b"new", 2).unwrap();
    assert_eq!((take(folder.path(), b"lost"), notes().count()), (None, 1));
    for number in 0..ADMITTED_NOTES_MAX - 1 {
        std::fs::write(folder.path().join(FOLDER).join(number.to_string()), "1").unwrap();
    }
    note(folder.path(), b"one more", 3).unwrap_err();
    assert_eq!(take(folder.path(), b"new"), Some(2), "what is there stays");
}
