#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use super::{Credentials, Home};

fn home(folder: &tempfile::TempDir) -> Home {
    Home(folder.path().join("deep/writ"))
}

fn sample(server: &str) -> Credentials {
    Credentials { server: server.to_owned(), token: "writ_sin_secret".to_owned(), developer: "ada".to_owned() }
}

#[test]
fn the_first_variable_that_is_set_wins() {
    let find = |pairs: &[(&str, &str)]| {
        Home::from_variables(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
            .map(|home| home.0.display().to_string())
    };
    assert_eq!(find(&[("WRIT_HOME", "/a"), ("XDG_CONFIG_HOME", "/b"), ("HOME", "/c")]).unwrap(), "/a");
    assert_eq!(find(&[("WRIT_HOME", ""), ("XDG_CONFIG_HOME", "/b"), ("HOME", "/c")]).unwrap(), "/b/writ");
    assert_eq!(find(&[("HOME", "/c")]).unwrap(), "/c/.config/writ");
    assert!(find(&[]).is_err());
}

#[test]
fn a_sign_in_is_kept_for_its_owner_only_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    assert!(home.credentials().unwrap().is_none());
    home.keep(&sample("http://127.0.0.1:1")).unwrap();
    home.keep(&sample("http://127.0.0.1:2")).unwrap();
    assert_eq!(home.credentials().unwrap().unwrap().server, "http://127.0.0.1:2");
    let mode = std::fs::metadata(home.0.join("credentials.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&home.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&home.0).unwrap().count(), 1, "no temporary file is left");
    home.forget().unwrap();
    home.forget().unwrap();
    assert!(home.credentials().unwrap().is_none());
}

#[test]
fn a_client_needs_a_sign_in_at_that_server() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let error = home.client(None).err().unwrap().to_string();
    assert!(error.contains("not signed in"), "{error}");
    home.keep(&sample("http://127.0.0.1:2/")).unwrap();
    assert!(home.client(None).is_ok());
    assert!(home.client(Some("http://127.0.0.1:2")).is_ok());
    let error = home.client(Some("http://127.0.0.1:3")).err().unwrap().to_string();
    assert!(error.contains("signed in to http://127.0.0.1:2, not to"), "{error}");
}

#[test]
fn a_broken_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    std::fs::create_dir_all(&home.0).unwrap();
    std::fs::write(home.0.join("credentials.json"), "{").unwrap();
    let error = home.credentials().err().unwrap().to_string();
    assert!(error.contains("credentials.json"), "{error}");
}
