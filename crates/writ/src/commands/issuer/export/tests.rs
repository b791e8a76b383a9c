use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{strip, write};

#[test]
fn certificates_are_left_out_and_nothing_else() {
    let mut keys = json!({ "keys": [
        { "kty": "RSA", "n": "n", "x5c": ["c"], "x5t": "t", "x5t#S256": "s" },
        { "kty": "EC", "crv": "P-256" },
    ]});
    strip(&mut keys);
    assert_eq!(keys, json!({ "keys": [{ "kty": "RSA", "n": "n" }, { "kty": "EC", "crv": "P-256" }]}));
    let mut strange = json!({ "keys": "none" });
    strip(&mut strange);
    assert_eq!(strange, json!({ "keys": "none" }));
}

#[test]
fn a_file_is_replaced_whole_and_anybody_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write(&path, &json!({ "keys": ["old"] })).unwrap();
    let before = std::fs::File::open(&path).unwrap();
    write(&path, &json!({ "keys": [] })).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\n  \"keys\": []\n}\n");
    assert!(std::io::read_to_string(before).unwrap().contains("old"), "who had opened it reads the old one");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["jwks.json"], "nothing is left aside");
}
