//! The launcher's socket: what is not an ask gets an answer or the door, and nothing is passed on.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::Stage;
use crate::support::process::WRIT;
use crate::support::run;

/// Inside the session: each line in hex is sent over a connection of its own, and the answer is a line in hex. Its first
/// line is the socket.
const RELAY: &str = r#"
use strict; use IO::Socket::UNIX; $| = 1; $SIG{PIPE} = 'IGNORE';
print "$ENV{WRIT_SOCKET}\n";
while (my $line = <STDIN>) {
    chomp $line;
    my $socket = IO::Socket::UNIX->new(Peer => $ENV{WRIT_SOCKET}) or die;
    print $socket pack('H*', $line);
    shutdown($socket, 1);
    local $/;
    my $said = <$socket> // '';
    print unpack('H*', $said), "\n";
}
"#;

struct Relay {
    launcher: Child,
    stdout: BufReader<ChildStdout>,
    socket: String,
}

impl Relay {
    fn start(stage: &Stage) -> Self {
        let script = stage.writ.path().join("relay.pl");
        std::fs::write(&script, RELAY).unwrap();
        let mut launcher = stage.launcher(&format!("exec perl {}", script.display()));
        launcher.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut launcher = launcher.spawn().unwrap();
        let mut stdout = BufReader::new(launcher.stdout.take().unwrap());
        let socket = line(&mut stdout);
        Self { launcher, stdout, socket }
    }

    /// What the launcher answers to these bytes.
    fn answer(&mut self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(self.launcher.stdin.as_mut().unwrap(), "{hex}").unwrap();
        let said = line(&mut self.stdout);
        let said = (0..said.len()).step_by(2).map(|at| u8::from_str_radix(&said[at..at + 2], 16).unwrap()).collect();
        String::from_utf8(said).unwrap()
    }
}

fn line(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn only_asks_are_answered_and_a_launcher_that_is_gone_is_said() {
    run(async {
        let stage = Stage::start().await;
        let mut relay = Relay::start(&stage);
        let socket = relay.socket.clone();
        let mut failed = |bytes: &[u8]| {
            let said: Value = serde_json::from_str(&relay.answer(bytes)).unwrap();
            said["failed"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
        };
        for bytes in ["hello\n", "{}\n", "{\"ask\":\"token\"}\n", "{\"ask\":\"record\",\"kind\":\"commit\"}\n"] {
            assert!(failed(bytes.as_bytes()).contains("does not understand"), "{bytes}");
        }
        let many = json!({"ask": "record", "kind": "commit", "values": vec!["x"; 501], "wait": true});
        assert!(failed(format!("{many}\n").as_bytes()).contains("the limit is 500"));
        let other = json!({"ask": "open", "project": null, "ttl_seconds": 60, "beats": false, "parent": "ses_x"});
        assert!(failed(format!("{other}\n").as_bytes()).contains("does not understand"), "the parent is not a choice");
        assert!(failed(&vec![b'x'; 100_000]).contains("does not understand"), "a line is read up to its bound");
        assert_eq!(relay.answer(b""), "");

        drop(relay.launcher.stdin.take());
        relay.launcher.wait().unwrap();
        let mut late = std::process::Command::new(WRIT);
        let late = late.args(["record", "commit", "x"]).env("WRIT_SOCKET", &socket).output().unwrap();
        assert_eq!(late.status.code(), Some(5), "{late:?}");
        let mut late = stage.launcher("true");
        let late = late.env("WRIT_SOCKET", &socket).output().unwrap();
        assert_eq!(
            late.status.code(),
            Some(125),
            "a run inside a session that is gone opens no session of its own: {late:?}"
        );
        let sessions = stage.people.ada.get("/v1/sessions").await.json();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    });
}
