//! The search can fail: a planted secret is found in every form, wherever it lies.

use super::search::Found;
use super::{Minted, Named, Run, Search, essence};

const SECRET: &str = "s3cr3t/with+some=parts&that@are|quoted-4711";

fn planted() -> Minted {
    Minted { named: Named { kind: "exec".to_owned(), what: "token".to_owned() }, value: SECRET.to_owned() }
}

/// The forms in which it was found, each once.
fn found(text: impl AsRef<[u8]>) -> Vec<&'static str> {
    let mut forms: Vec<_> = Search::of(&[planted()]).find(text.as_ref()).iter().map(|found| found.form).collect();
    forms.dedup();
    forms
}

#[test]
fn a_planted_secret_is_found_in_every_form_at_every_place() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let quoted = "s3cr3t%2Fwith%2Bsome%3Dparts%26that%40are%7Cquoted-4711";
    for before in 0..40 {
        let filler = "x".repeat(before);
        assert_eq!(found(format!("{filler}{SECRET}y")), ["as it is"], "{before}");
        let whole = format!("{filler}{SECRET}y");
        assert_eq!(found(STANDARD.encode(&whole)), ["in base64"], "{before}");
        // The two alphabets differ in two characters, which need not be there.
        assert!(!found(URL_SAFE_NO_PAD.encode(&whole)).is_empty(), "{before}");
        assert_eq!(found(hex(&whole)), ["in hexadecimal"], "{before}");
        assert_eq!(found(hex(&whole).to_uppercase()), ["in hexadecimal"], "{before}");
        assert_eq!(found(format!("{filler}{percent}")), ["percent-encoded"], "{before}");
        assert_eq!(found(format!("{filler}{quoted}")), ["percent-encoded"], "{before}");
        assert_eq!(found(format!("{filler}{:?}", SECRET.as_bytes())), ["as a list of bytes"], "{before}");
    }
    assert_eq!(found(SECRET.replace('/', "\\/")), ["in JSON", "as it is"], "its second half needs no quotes");
}

#[test]
fn a_half_is_found_and_less_is_not() {
    let (first, second) = SECRET.split_at(SECRET.len() / 2);
    assert_eq!(found(first), ["as it is"]);
    assert_eq!(found(format!("…{second}")), ["as it is"]);
    assert_eq!(found(&first[1..]), [""; 0]);
    assert_eq!(found("nothing of it is here, and what is here is long enough to be looked through"), [""; 0]);
}

#[test]
fn it_is_found_among_thousands_and_named_without_being_shown() {
    let many = (0..3000).map(|number| Minted { value: format!("another-secret-{number:06}-of-many"), ..planted() });
    let search = Search::of(&many.chain([planted()]).collect::<Vec<_>>());
    let text = format!("{}{SECRET}", "log line that is harmless\n".repeat(1000));
    let found = search.find(text.as_bytes());
    let Found { at, .. } = found[0];
    assert_eq!((found.len(), at), (2, 26_000), "both halves");
    let said = super::sweep::said(&found[0], "a log", text.as_bytes());
    assert!(said.starts_with("a log holds the token of exec as it is at byte 26000, after `"), "{said}");
    assert!(
        found.iter().all(|one| !super::sweep::said(one, "a log", text.as_bytes()).contains(&SECRET[..4])),
        "{said}"
    );
    assert_eq!(search.find(b"another-secret-002999-of-many").len(), 1);
}

#[test]
fn what_is_secret_of_a_token_and_of_a_key() {
    assert_eq!(essence("eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl"), ["c2lnbmF0dXJl"]);
    let key = "-----BEGIN PRIVATE KEY-----\npublic-half-of-it\nprivate-half-of-it\n-----END PRIVATE KEY-----\n";
    assert_eq!(essence(key), ["private-half-of-it"]);
    assert_eq!(essence("a-plain-secret\n"), ["a-plain-secret"]);
}

/// A folder that keeps a secret fails its test when it goes.
#[test]
fn a_folder_with_a_secret_fails_its_test() {
    use std::os::unix::fs::PermissionsExt;
    let secret = format!("planted-{}-{}", std::process::id(), "for-this-test");
    super::note(None, "exec", "planted", &secret);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/writ.db"), format!("page{secret}")).unwrap();
    let searched = std::panic::catch_unwind(|| super::folder::search(None, folder.path()));
    let said = *searched.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("data/writ.db holds the planted of exec as it is at byte 4"), "{said}");
    // The same under a name that is spared, first for everybody to read.
    let spared = folder.path().join("data/upstream.key");
    std::fs::rename(folder.path().join("data/writ.db"), &spared).unwrap();
    std::fs::set_permissions(&spared, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(std::panic::catch_unwind(|| super::folder::search(None, folder.path())).is_err());
    std::fs::set_permissions(&spared, std::fs::Permissions::from_mode(0o600)).unwrap();
    super::folder::search(None, folder.path());
    super::sweep::keep_text(None, "error bodies", secret.as_bytes());
    assert!(std::panic::catch_unwind(|| super::folder::search(None, folder.path())).is_err(), "and in a text");
}

#[test]
fn what_tests_leave_comes_together() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::at(folder.path());
    run.add_secret(&planted());
    run.add_secret(&planted());
    run.add_text("error bodies", b"one");
    run.add_log(b"two");
    run.add_swept(3, 40);
    run.add_swept(1, 2);
    run.add_found("something");
    assert_eq!(run.secrets(), [planted()]);
    assert_eq!(Run::counts(&run.secrets()).into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(run.kept().len(), 2);
    let swept = run.swept();
    assert_eq!((swept.folders, swept.files, swept.bytes), (2, 4, 42));
    assert_eq!(run.found(), ["something"]);
}
