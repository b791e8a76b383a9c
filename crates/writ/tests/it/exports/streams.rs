//! Files and syslog.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::{assert_complete, entries, events, passed_all, position, work};
use crate::support::{Writ, WritOptions, run, until, within};

async fn start(table: String) -> Writ {
    Writ::start_with(WritOptions { tables: table, ..WritOptions::default() }).await
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_has_the_log_as_the_api_shows_it_through_a_rotation() {
    run(async {
        let folder = crate::support::leaks::folder();
        let (path, moved) = (folder.path().join("writ.jsonl"), folder.path().join("writ.jsonl.1"));
        let table = format!("[[exports]]\nname = \"siem\"\nkind = \"file\"\npath = \"{}\"\n", path.display());
        let writ = start(table).await;
        let people = writ.people().await;
        passed_all(&people.ada, "siem").await;
        std::fs::rename(&path, &moved).unwrap();
        work(&people.grace).await;
        passed_all(&people.ada, "siem").await;
        let (before, after) = (lines(&moved), lines(&path));
        assert!(!before.is_empty() && !after.is_empty());
        assert_eq!([before, after].concat(), events(&people.ada, "ocsf").await);
    });
}

#[test]
fn a_file_may_hold_cloudevents_and_begin_with_the_next_entry() {
    run(async {
        let folder = crate::support::leaks::folder();
        let path = folder.path().join("writ.jsonl");
        let table = format!(
            "[[exports]]\nname = \"new\"\nkind = \"file\"\npath = \"{}\"\nformat = \"cloudevents\"\nstart = \"next\"\n",
            path.display()
        );
        let writ = start(table).await;
        let people = writ.people().await;
        let began = passed_all(&people.ada, "new").await;
        work(&people.grace).await;
        passed_all(&people.ada, "new").await;
        let written = lines(&path);
        let all = events(&people.ada, "cloudevents").await;
        assert!(position(&written[0]) >= 1, "the log began before: {began}");
        assert_eq!(written, all[all.len() - written.len()..]);
    });
}

/// A syslog receiver that counts octets.
struct Syslog {
    address: String,
    messages: Arc<Mutex<Vec<String>>>,
    cut: mpsc::Sender<oneshot::Sender<()>>,
}

impl Syslog {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let messages: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&messages);
        let (cut, mut cuts) = mpsc::channel::<oneshot::Sender<()>>(1);
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        connections.spawn(read_frames(accepted.unwrap().0, Arc::clone(&into)));
                    }
                    Some(done) = cuts.recv() => {
                        connections.shutdown().await;
                        done.send(()).unwrap();
                    }
                }
            }
        });
        Self { address, messages, cut }
    }

    /// Closes all connections, and waits until they are.
    async fn cut(&self) {
        let (done, is_done) = oneshot::channel();
        self.cut.send(done).await.unwrap();
        is_done.await.unwrap();
    }

    /// The events of all messages, once there are so many.
    async fn events(&self, count: u64) -> Vec<Value> {
        until("all messages", || async { (self.messages.lock().unwrap().len() as u64 >= count).then_some(()) }).await;
        self.messages.lock().unwrap().iter().map(|message| checked(message)).collect()
    }
}

async fn read_frames(stream: TcpStream, into: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(message) = frame(&mut stream).await {
        into.lock().unwrap().push(message);
    }
}

/// `LENGTH SP MESSAGE` (RFC 6587, section 3.4.1).
async fn frame(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0_usize;
    loop {
        match stream.read_u8().await.ok()? {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            b' ' => break,
            other => panic!("not a length: {other}"),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(String::from_utf8(message).unwrap())
}

/// The event in a message, after its head is checked (RFC 5424, section 6).
fn checked(message: &str) -> Value {
    let (head, event) = message.split_at(message.find('{').unwrap());
    let event: Value = serde_json::from_str(event).unwrap();
    let words: Vec<_> = head.split(' ').collect();
    let level = match event["severity_id"].as_u64().unwrap() {
        1 => 6,
        2 => 5,
        _ => 4,
    };
    assert_eq!(words[0], format!("<{}>1", 13 * 8 + level));
    assert_eq!(words[1], event["metadata"]["original_time"]);
    assert_eq!(words[2], event["metadata"]["log_name"]);
    assert_eq!(words[3], "writ");
    assert!(words[4].starts_with("node_"));
    assert_eq!(words[5], event["metadata"]["event_code"]);
    assert_eq!(words[6..], ["-", ""]);
    event
}

#[test]
fn syslog_over_tcp_counts_octets_and_connects_again() {
    run(async {
        let syslog = Syslog::start().await;
        let address = &syslog.address;
        let table = format!("[[exports]]\nname = \"siem\"\nkind = \"syslog\"\naddress = \"tcp://{address}\"\n");
        let writ = start(table).await;
        let people = writ.people().await;
        passed_all(&people.ada, "siem").await;
        let count = entries(&writ, &people.ada).await;
        assert_complete(&syslog.events(count).await, count);
        syslog.cut().await;
        work(&people.grace).await;
        passed_all(&people.ada, "siem").await;
        let count = entries(&writ, &people.ada).await;
        assert_complete(&syslog.events(count).await, count);
    });
}

/// Datagrams on a unix socket, as `/dev/log` takes them.
#[test]
fn syslog_over_a_unix_socket_is_one_datagram_each() {
    run(async {
        let folder = crate::support::leaks::folder();
        let path = folder.path().join("log");
        let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
        let table =
            format!("[[exports]]\nname = \"local\"\nkind = \"syslog\"\naddress = \"unix:{}\"\n", path.display());
        let writ = start(table).await;
        let people = writ.people().await;
        let count = entries(&writ, &people.ada).await;
        let mut events = Vec::new();
        let mut buffer = vec![0; 70_000];
        while (events.len() as u64) < count {
            let length = within("a datagram", socket.recv(&mut buffer)).await.unwrap();
            events.push(checked(std::str::from_utf8(&buffer[..length]).unwrap()));
        }
        assert_complete(&events, count);
    });
}
