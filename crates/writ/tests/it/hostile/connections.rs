//! Thousands of connections that ask nothing, and heads that never end.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{PEAK_MIB, Target};
use crate::support::{in_time, run, within};

/// Idle connections: more than the 8,192 that are served at a time.
const IDLE: u64 = 10_000;
/// File descriptors the test process needs for itself.
const OWN_FILES: u64 = 200;

/// As many idle connections as this machine allows one process, at most [`IDLE`].
fn idle_connections() -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let count = IDLE.min(hard.saturating_sub(OWN_FILES));
    if count < IDLE {
        eprintln!("note: this machine allows {hard} open files, so only {count} idle connections instead of {IDLE}");
    }
    count
}

#[test]
fn ten_thousand_idle_connections_do_not_keep_others_out() {
    let count = idle_connections();
    run(async {
        let target = Target::start().await;
        let mut crowd = JoinSet::new();
        for _ in 0..count {
            let authority = target.authority().to_owned();
            // Those beyond the bound wait to be accepted; the system tries again for them.
            crowd.spawn(async move {
                let mut stream = TcpStream::connect(authority).await?;
                stream.read(&mut [0_u8]).await
            });
        }
        // Somebody who does ask is served as soon as those who did not are sent away.
        let answer = target.session.caller.message("hello", true).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        // As many again as are served at a time, on a machine that may be busy: whoever does not get in after 63 seconds is
        // tried again by the system after 127.
        let bound = std::time::Duration::from_secs(200);
        in_time(bound, "the first idle connections to be closed", async {
            for _ in 0..count / 2 {
                let closed = crowd.join_next().await.unwrap().unwrap();
                assert!(matches!(closed, Ok(0) | Err(_)), "nobody was answered");
            }
        })
        .await;
        target.assert_unharmed(1, PEAK_MIB).await;
    });
}

#[test]
fn heads_that_are_too_long_or_never_end_are_refused() {
    run(async {
        let target = Target::start().await;
        let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
        let long = format!("x-long: {}\r\n", "a".repeat(100_000));
        let path = "a".repeat(100_000);
        let endless = "x-endless: 1\r\n".repeat(200_000);
        for (what, head) in [
            ("200 headers", format!("GET /api/hello HTTP/1.1\r\nhost: writ\r\n{many}\r\n")),
            ("a header of 100 kB", format!("GET /api/hello HTTP/1.1\r\nhost: writ\r\n{long}\r\n")),
            ("a path of 100 kB", format!("GET /{path} HTTP/1.1\r\nhost: writ\r\n\r\n")),
            ("2.6 MB of headers", format!("GET /api/hello HTTP/1.1\r\nhost: writ\r\n{endless}")),
        ] {
            let mut stream = TcpStream::connect(target.authority()).await.unwrap();
            // The refusal may come, and the connection go, before all is sent.
            let _ = stream.write_all(head.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = within(what, stream.read_to_end(&mut answer)).await;
            let answer = String::from_utf8_lossy(&answer);
            let refused =
                ["HTTP/1.1 400", "HTTP/1.1 414", "HTTP/1.1 431"].iter().any(|status| answer.starts_with(status));
            assert!(refused || answer.is_empty(), "{what}: {answer}");
        }
        target.assert_unharmed(0, PEAK_MIB).await;
    });
}

#[test]
fn the_server_takes_all_the_files_it_is_allowed() {
    run(async {
        let target = Target::start().await;
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", target.writ.pid())).unwrap();
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        let [soft, hard, ..] = files.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{files}") };
        assert_eq!(soft, hard, "a thousand streams are two thousand connections");
    });
}
