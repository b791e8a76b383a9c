//! A control plane that only knows one session: enough of the API for the launcher.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A mock that answers until the test process ends.
pub(crate) struct MockPlane {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Method and path with the body, in order.
    seen: Mutex<Vec<(String, Value)>>,
    /// Beats that are answered before the session is over.
    beats_left: AtomicUsize,
}

impl MockPlane {
    /// A mock whose session is revoked after `beats` beats.
    pub(crate) fn start(beats: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { seen: Mutex::default(), beats_left: AtomicUsize::new(beats) });
        let for_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A peer that left early is its own test's business.
                let _ = for_thread.answer(stream);
            }
        });
        Self { url, shared }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The body of the newest request to a method and path.
    pub(crate) fn body_of(&self, request: &str) -> Option<Value> {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().rev().find(|(name, _)| name == request).map(|(_, body)| body.clone())
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let (name, body) = read(&stream)?;
        let (status, answer) = self.decide(&name);
        self.seen.lock().unwrap().push((name, body));
        let text = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
        (&stream).write_all(format!("{head}{text}").as_bytes())
    }

    fn decide(&self, name: &str) -> (u16, Value) {
        match name {
            "POST /v1/sessions" => {
                let opened =
                    json!({ "session": session("active"), "token": "writ_ses_test", "beat_every_seconds": 20 });
                (201, opened)
            }
            "POST /v1/sessions/ses_test/beat" => {
                let left =
                    self.beats_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                if left.is_ok() { (200, json!({ "status": "active" })) } else { (409, over()) }
            }
            "POST /v1/sessions/ses_test/end" if self.beats_left.load(Ordering::Relaxed) == 0 => (409, over()),
            "POST /v1/sessions/ses_test/end" => (200, session("ended")),
            "GET /v1/sessions/ses_test" => (200, session("revoked")),
            _ => (404, json!({ "title": "not in this mock" })),
        }
    }
}

fn read(stream: &TcpStream) -> std::io::Result<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut name, mut length) = (String::new(), 0);
    for number in 0.. {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_lowercase();
        if number == 0 {
            name = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let name = match name.split_once(' ') {
        Some((method, path)) => format!("{} {path}", method.to_uppercase()),
        None => name,
    };
    Ok((name, serde_json::from_slice(&body).unwrap_or_default()))
}

fn session(status: &str) -> Value {
    json!({
        "id": "ses_test", "developer": { "id": "dev_test", "login": "grace" },
        "project": { "id": "prj_test", "name": "checkout" }, "status": status,
        "opened_at": "2026-11-22T10:00:00.000Z", "expires_at": "2026-11-22T18:00:00.000Z",
        "over_at": "2026-11-22T10:00:05.000Z", "spent_usd_nanos": 0, "calls": 0, "url": "http://127.0.0.1/sessions/ses_test",
    })
}

fn over() -> Value {
    json!({ "status": 409, "code": "session_over", "title": "over", "detail": "session ses_test was revoked by ada (wrong branch)" })
}
