use std::os::unix::fs::PermissionsExt;

use super::KeysFolder;
use crate::limits::KEY_FILE_BYTES_MAX;

fn folder() -> (tempfile::TempDir, KeysFolder) {
    let parent = tempfile::tempdir().unwrap();
    let folder = KeysFolder::open(&parent.path().join("data/keys")).unwrap();
    (parent, folder)
}

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn folders_and_files_are_for_their_owner_only() {
    let (_parent, folder) = folder();
    let people = folder.folder("people").unwrap();
    assert!(people.write_new("a.key", b"secret").unwrap());
    assert_eq!((mode(folder.path()), mode(people.path())), (0o700, 0o700));
    assert_eq!(mode(&people.path().join("a.key")), 0o600);
    let names: Vec<_> = std::fs::read_dir(people.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.key"], "nothing is left aside");
}

#[test]
fn a_key_is_written_once_and_read_by_all() {
    let (_parent, folder) = folder();
    assert_eq!(folder.read("a.key").unwrap(), None);
    assert_eq!(folder.read_or_write("a.key", b"first").unwrap().as_slice(), b"first");
    assert!(!folder.write_new("a.key", b"second").unwrap());
    assert_eq!(folder.read_or_write("a.key", b"third").unwrap().as_slice(), b"first");
}

#[test]
fn of_many_that_make_the_same_key_one_wins_and_nobody_reads_half_of_it() {
    let (_parent, folder) = folder();
    let makers = (0..16_u8).map(|number| {
        let folder = folder.clone();
        std::thread::spawn(move || folder.read_or_write("a.key", &[number; 64]).unwrap().to_vec())
    });
    let read: Vec<_> = makers.collect::<Vec<_>>().into_iter().map(|maker| maker.join().unwrap()).collect();
    assert!(read.iter().all(|bytes| bytes.len() == 64 && bytes == &read[0]), "{read:?}");
}

#[test]
fn a_destroyed_key_is_gone_under_its_other_names_too() {
    let (parent, folder) = folder();
    folder.write_new("a.key", b"secret").unwrap();
    let other = parent.path().join("other");
    std::fs::hard_link(folder.path().join("a.key"), &other).unwrap();
    assert!(folder.destroy("a.key").unwrap());
    assert_eq!(folder.read("a.key").unwrap(), None);
    assert_eq!(std::fs::read(other).unwrap(), [0; 6]);
    assert!(!folder.destroy("a.key").unwrap(), "once is enough");
}

#[test]
fn a_file_that_is_no_key_is_not_read_whole() {
    let (_parent, folder) = folder();
    std::fs::write(folder.path().join("large"), vec![0; KEY_FILE_BYTES_MAX + 1]).unwrap();
    assert_eq!(folder.read("large").unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
}
