use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use super::wire::{Answer, Head};
use super::{Event, exchange, fast, socket};

const SOON: Duration = Duration::from_secs(10);

fn words(words: &[&str]) -> impl Iterator<Item = OsString> {
    words.iter().map(OsString::from).collect::<Vec<_>>().into_iter()
}

#[test]
fn only_events_are_answered_without_looking_at_the_rest() {
    for other in [
        &["writ"][..],
        &["writ", "hook"],
        &["writ", "hook", "settings"],
        &["writ", "hook", "intent", "x"],
        &["writ", "run", "PreToolUse"],
        &["writ", "hook", "PreToolUse", "--help"],
        &["writ", "hook", "pretooluse"],
        &[],
    ] {
        assert!(fast(words(other)).is_none(), "{other:?}");
    }
}

#[test]
fn the_socket_lies_beside_the_launcher_s() {
    assert_eq!(socket(Some(OsStr::new("/tmp/x/writ.sock"))).as_deref(), Some(Path::new("/tmp/x/hook.sock")));
    assert_eq!(socket(Some(OsStr::new(""))), None);
    assert_eq!(socket(None), None);
}

#[test]
fn an_event_goes_there_whole_and_its_answer_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let launcher = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        stream.write_all(br#"{"exit":2,"err":"no","exports":"export A=1\n","later":true}"#).unwrap();
        said
    });
    let head = Head { event: Some(Event::PreToolUse), ..Head::default() };
    let answer = exchange(&path, &head, &b"{\"a\":\n1}"[..], SOON).unwrap();
    assert_eq!(launcher.join().unwrap(), "{\"event\":\"PreToolUse\"}\n{\"a\":\n1}");
    let file = folder.path().join("env");
    std::fs::write(&file, "export B=2\n").unwrap();
    let answer = answer.export(Some(&file)).unwrap();
    assert_eq!((answer.exit, answer.err.as_str(), answer.out.as_str()), (2, "no", ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "export B=2\nexport A=1\n");
}

#[test]
fn no_answer_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook.sock");
    let said = |reply: &'static [u8]| {
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let launcher = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            stream.write_all(reply).unwrap();
        });
        let answer = exchange(&path, &Head::default(), std::io::empty(), SOON);
        launcher.join().unwrap();
        answer
    };
    for reply in [&b""[..], b"{", b"hello", b"{}", b"{\"exit\":\"0\"}"] {
        assert!(said(reply).is_err(), "{reply:?}");
    }
    assert_eq!(said(b"{\"exit\":0}").unwrap(), Answer::default());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        exchange(&path, &Head::default(), std::io::empty(), SOON).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
}
