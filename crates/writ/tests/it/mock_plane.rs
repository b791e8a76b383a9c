//! A control plane that only knows one session: enough of the API for the launcher.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Asks for a credential.
pub(crate) const CREDENTIALS: &str = "POST /v1/sessions/ses_test/credentials";

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
    /// What is granted.
    grants: Value,
    /// Requests for credentials that get no answer before the others do.
    dropped_left: AtomicUsize,
    /// By how much its clock is off, in seconds.
    clock_off: AtomicI64,
}

impl MockPlane {
    /// A mock whose session is revoked after `beats` beats.
    pub(crate) fn start(beats: usize) -> Self {
        Self::granting(beats, json!([]))
    }

    /// The same with credentials: each lives an hour and says how manieth it is.
    pub(crate) fn granting(beats: usize, grants: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            beats_left: AtomicUsize::new(beats),
            grants,
            dropped_left: AtomicUsize::new(0),
            clock_off: AtomicI64::new(0),
        });
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

    /// Leaves so many requests for credentials without an answer.
    pub(crate) fn drop_next(&self, count: usize) {
        self.shared.dropped_left.store(count, Ordering::Relaxed);
    }

    /// Sets its clock off.
    pub(crate) fn set_clock_off(&self, seconds: i64) {
        self.shared.clock_off.store(seconds, Ordering::Relaxed);
    }

    /// Ends the session.
    pub(crate) fn revoke(&self) {
        self.shared.beats_left.store(0, Ordering::Relaxed);
    }

    /// How often a method and path was asked.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.shared.seen.lock().unwrap().iter().filter(|(name, _)| name == request).count()
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
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push((name.clone(), body.clone()));
            seen.iter().filter(|(other, _)| *other == name).count()
        };
        let is_dropped = name == CREDENTIALS
            && self.dropped_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if is_dropped {
            return Ok(());
        }
        let (status, answer) = match name.as_str() {
            CREDENTIALS => self.credential(number, &body),
            "GET /v1/sessions/ses_test/grants" => (200, json!({ "grants": self.grants })),
            _ => self.decide(&name),
        };
        let text = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
        (&stream).write_all(format!("{head}{text}").as_bytes())
    }

    fn credential(&self, number: usize, body: &Value) -> (u16, Value) {
        let is_it = |grant: &&Value| grant["broker"] == body["broker"] && grant["target"] == body["target"];
        let Some(grant) = self.grants.as_array().unwrap().iter().find(is_it) else {
            let detail =
                format!("{}/{} is not granted", body["broker"].as_str().unwrap(), body["target"].as_str().unwrap());
            return (403, json!({ "status": 403, "code": "not_granted", "title": "not granted", "detail": detail }));
        };
        let now = control::seam::Clock::System.now().unix_millis() + 1000 * self.clock_off.load(Ordering::Relaxed);
        let time = |millis: i64| jiff::Timestamp::from_millisecond(millis).unwrap().to_string();
        let secret = json!({
            "token": format!("S3CRET-{number}"), "access_key_id": format!("AKIA{number}"),
            "secret_access_key": format!("S3CRET-k-{number}"), "session_token": format!("S3CRET-t-{number}"),
        });
        let answer = json!({
            "id": format!("crd_{number}"), "broker": grant["broker"], "kind": grant["kind"], "target": grant["target"],
            "scope": body["scope"], "issued_at": time(now), "expires_at": time(now + 3_600_000), "names": [],
            "secret": secret, "delivery": grant["delivery"],
        });
        (201, answer)
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
