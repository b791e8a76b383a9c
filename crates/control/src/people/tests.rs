use std::os::unix::fs::PermissionsExt;

use domain::developer::{Erased, Registered};
use domain::{DeveloperId, Digest, Event, Roles, Span, State, Time};
use store::{Options, Person, Store};

use super::{Identity, People, PersonKeys, stand_in};
use crate::keys::KeysFolder;
use crate::limits::STRANGER_PAUSE;

const NOW: Time = Time::from_unix_millis(1_795_351_234_567);

fn developer(number: u128) -> DeveloperId {
    DeveloperId::new(NOW, number)
}

fn grace() -> Identity {
    Identity {
        login_name: "grace".to_owned(),
        display_name: "Grace Hopper".to_owned(),
        email: Some("grace@example.com".to_owned()),
    }
}

fn keys() -> (tempfile::TempDir, PersonKeys) {
    let folder = tempfile::tempdir().unwrap();
    let keys = PersonKeys::open(&KeysFolder::open(folder.path()).unwrap()).unwrap();
    (folder, keys)
}

fn person(keys: &PersonKeys, number: u128) -> Person {
    let developer = developer(number);
    let key = keys.make(developer, &[3; 64]).unwrap();
    let sealed = key.seal(developer, [9; 12], &grace()).unwrap();
    let login = Digest::of(&number.to_be_bytes());
    Person { developer, login, sealed, password_hash: "hash".to_owned() }
}

/// A store with these persons in it, and the state of a log that registered them.
async fn installation(persons: &[Person]) -> (Store, State) {
    let store = Store::open(&Options::new("sqlite::memory:".parse().unwrap())).await.unwrap();
    let mut state = State::default();
    let mut append = store.begin_append().await.unwrap();
    for person in persons {
        let attached = [store::Attachment::Person(person.clone())];
        append.insert(&[], &attached).await.unwrap();
        let registered =
            Registered { developer: person.developer, identity: Digest::of(b"salted"), roles: Roles::new() };
        state.apply(&Event::DeveloperRegistered(registered), NOW);
    }
    append.commit().await.unwrap();
    (store, state)
}

#[test]
fn a_key_opens_what_it_sealed_for_whom_it_was_sealed() {
    let (_folder, keys) = keys();
    let person = person(&keys, 1);
    let key = keys.read(developer(1)).unwrap().unwrap();
    assert!(key.open(developer(1), &person.sealed) == Some(grace()));
    assert!(key.open(developer(2), &person.sealed).is_none(), "a row that was moved to another developer");
    let mut changed = person.sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(key.open(developer(1), &changed).is_none());
    let text = String::from_utf8_lossy(&person.sealed).to_lowercase();
    assert!(!text.contains("grace") && !text.contains("example"));
}

/// Known with the key file only: an installation-wide check would let anybody try names.
#[test]
fn the_commitment_is_of_salt_and_blob() {
    let (_folder, keys) = keys();
    let person = person(&keys, 1);
    let key = keys.read(developer(1)).unwrap().unwrap();
    assert_eq!(key.commitment(&person.sealed), Digest::of(&[[3; 32].as_slice(), &person.sealed].concat()));
    assert_eq!(format!("{key:?} {:?}", grace()), "PersonKey(…) Identity(…)");
}

#[tokio::test]
async fn names_are_shown_while_the_key_is_there() {
    let (_folder, keys) = keys();
    let (known, lost) = (person(&keys, 1), person(&keys, 2));
    keys.destroy(developer(2)).unwrap();
    let (store, state) = installation(&[known, lost.clone()]).await;
    let people = People::new(keys.clone());
    people.load(&store, NOW).await.unwrap();
    assert!(people.names(developer(1)) == grace());
    assert_eq!(people.login(developer(2)), developer(2).to_string());
    assert_eq!(people.login(developer(3)), developer(3).to_string());

    // A key that comes late is found, after a pause.
    assert_eq!(people.strangers(&state, NOW), []);
    let later = NOW + STRANGER_PAUSE;
    assert_eq!(people.strangers(&state, later), [developer(2)]);
    let back = person(&keys, 2);
    assert_eq!(back.sealed, lost.sealed);
    people.meet(&store, people.strangers(&state, later), later).await;
    assert_eq!(people.login(developer(2)), "grace");
    assert_eq!(people.strangers(&state, later), []);
}

#[tokio::test]
async fn who_is_erased_stays_erased_whatever_was_read_before() {
    let (_folder, keys) = keys();
    let (store, mut state) = installation(&[person(&keys, 1)]).await;
    let people = People::new(keys.clone());
    people.load(&store, NOW).await.unwrap();
    let at = NOW + Span::from_secs(60);
    state.apply(&Event::DeveloperErased(Erased { developer: developer(1) }), at);
    assert_eq!(people.to_forget(&state, at), [(developer(1), at)]);
    people.forget(developer(1), at, at).await.unwrap();
    assert!(keys.read(developer(1)).unwrap().is_none());
    assert_eq!(people.to_forget(&state, at), []);
    people.insert(developer(1), grace());
    let shown = people.names(developer(1));
    assert_eq!(shown.login_name, "erased-000001");
    assert_eq!(shown.display_name, "erased on 2026-11-22");
    assert_eq!(shown.email, None);
    assert_eq!(people.erased("erased-000001"), Some(developer(1)));
    assert_eq!(people.erased("erased-"), None);
}

#[tokio::test]
async fn a_stand_in_name_that_fits_two_means_nobody() {
    let (_folder, keys) = keys();
    let people = People::new(keys);
    let twin = DeveloperId::new(NOW + Span::from_secs(60), 1);
    for id in [developer(1), twin] {
        people.forget(id, NOW, NOW).await.unwrap();
    }
    assert_eq!(stand_in(developer(1)), stand_in(twin));
    assert_eq!(people.erased(&stand_in(twin)), None);
}

#[tokio::test]
async fn a_key_that_cannot_be_destroyed_is_tried_again_and_its_name_is_not_shown() {
    let (folder, keys) = keys();
    let (store, mut state) = installation(&[person(&keys, 1)]).await;
    let people = People::new(keys.clone());
    people.load(&store, NOW).await.unwrap();
    state.apply(&Event::DeveloperErased(Erased { developer: developer(1) }), NOW);
    // A folder in the place of the file: nothing can be overwritten, whoever runs the test.
    let path = folder.path().join("people").join(format!("{}.key", developer(1)));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    assert!(people.forget(developer(1), NOW, NOW).await.is_err());
    assert_eq!(people.login(developer(1)), developer(1).to_string());
    assert_eq!(people.to_forget(&state, NOW), []);
    let later = NOW + STRANGER_PAUSE;
    assert_eq!(people.to_forget(&state, later), [(developer(1), NOW)]);
    std::fs::remove_dir(&path).unwrap();
    people.forget(developer(1), NOW, later).await.unwrap();
    assert_eq!(people.login(developer(1)), "erased-000001");
}

#[test]
fn names_and_addresses_are_checked() {
    let new = |login: &str, display: Option<&str>, email: Option<&str>| {
        Identity::new(&login.parse().unwrap(), display.map(str::to_owned), email.map(str::to_owned))
    };
    assert!(new("grace", None, None).unwrap().display_name == "grace");
    assert!(new("erased-abc", None, None).is_err());
    assert!(new("grace", Some("two\nlines"), None).is_err());
    for email in ["grace@example.com", "g+h.x@host", "a@b"] {
        assert!(new("grace", None, Some(email)).is_ok(), "{email}");
    }
    let long = format!("{}@example.com", "x".repeat(250));
    for email in ["", "grace", "@host", "grace@", "a@b@c", "a b@c", "a,b@c", "a@b\n", "<a@b>", "ä@b", &long] {
        assert!(new("grace", None, Some(email)).is_err(), "{email}");
    }
}
