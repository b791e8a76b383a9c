//! From an HTTP request to an HTTP response.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use crate::answer::{Answer, Manner};
use crate::failure::Failure;
use crate::limits::REQUEST_BODY_BYTES_MAX;
use crate::play::Play;
use crate::scenarios::{self, Bench};
use crate::seen::{Delivery, Progress};
use crate::shared::Shared;
use crate::side;
use crate::turn::Turn;
use crate::wire::Reset;

/// Answers one request; an error ends the connection without an answer.
pub(crate) async fn serve(shared: Arc<Shared>, reset: Reset, request: Request<Incoming>) -> io::Result<Response<Play>> {
    let id = shared.ids.next();
    let request_id = format!("req_sim_{id}");
    let (head, body) = request.into_parts();
    let body = match read(body).await? {
        Some(body) => body,
        None => {
            let failure = Failure::of(413, "request body is over 64 MiB");
            return Ok(respond(Answer::failed(&failure, &request_id), &request_id, None));
        }
    };
    let progress = shared.record.then(|| shared.memory.add(&request_id, &head, &body));
    shared.arrived.send_modify(|count| *count += 1);

    let call = Call { shared: &shared, head: &head, body: &body, id: &id, request_id: &request_id };
    let answered = match shared.stage.due(&body).await {
        Ok(()) => call.answer(),
        Err(failure) => Err(failure),
    };
    let (pause, answer) = match answered {
        Ok((pause, answer)) => (pause, answer),
        Err(failure) => (Duration::ZERO, Some(Answer::failed(&failure, call.request_id))),
    };
    let Some(mut answer) = answer else {
        if let Some(progress) = progress {
            progress.end(Delivery::Cut);
        }
        reset.set();
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    let pause = pause + answer.before;
    // From here on a peer that leaves drops the body, which then says so.
    answer.play = answer.play.with_progress(progress.clone()).with_gate(shared.gate.subscribe());
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    Ok(respond(answer, &request_id, progress.as_deref()))
}

/// The whole body; `None` when it is over the limit.
async fn read(body: Incoming) -> io::Result<Option<Bytes>> {
    match Limited::new(body, REQUEST_BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(Some(collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn respond(answer: Answer, request_id: &str, progress: Option<&Progress>) -> Response<Play> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(progress) = progress {
        progress.begin(status.as_u16(), answer.usage);
    }
    let mut response = Response::new(answer.play);
    *response.status_mut() = status;
    *response.headers_mut() = answer.headers;
    let headers = response.headers_mut();
    headers.insert("x-stand-in", HeaderValue::from_static("writ-simulator"));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("request-id", value);
    }
    response
}

/// One request with its body read.
struct Call<'a> {
    shared: &'a Shared,
    head: &'a Parts,
    body: &'a Bytes,
    id: &'a str,
    request_id: &'a str,
}

/// The pause a fault asks for, and the answer; no answer is a reset.
type Due = (Duration, Option<Answer>);

impl Call<'_> {
    fn answer(&self) -> Result<Due, Failure> {
        let path = self.head.uri.path();
        let answer = match (&self.head.method, path) {
            (&Method::HEAD | &Method::GET, "/api/hello") => Answer::new(200, "text/plain", Play::empty()),
            (&Method::POST, "/v1/messages") => {
                self.check_key()?;
                return self.messages();
            }
            (&Method::POST, "/v1/messages/count_tokens") => {
                self.check_key()?;
                side::count_tokens(self.body)?
            }
            (&Method::POST, "/v1/oauth/token") => {
                let now_s = wall_clock_s();
                let token = self.shared.federated().exchange(&self.head.headers, self.body, self.id, now_s)?;
                Answer::json(&token)
            }
            (&Method::GET, "/v1/models") => {
                self.check_key()?;
                side::models()
            }
            (method, path) => {
                return Err(Failure::of(404, format!("the stand-in service has no `{method} {path}`")));
            }
        };
        Ok((Duration::ZERO, Some(answer)))
    }

    fn check_key(&self) -> Result<(), Failure> {
        let federated = self.shared.federated();
        if federated.is_on() {
            let is_taken = federated.takes(&self.head.headers, key(&self.head.headers));
            return if is_taken { Ok(()) } else { Err(Failure::of(401, "invalid bearer token")) };
        }
        drop(federated);
        match &self.shared.expect_key {
            Some(expected) if key(&self.head.headers) != Some(expected) => Err(Failure::of(401, "invalid x-api-key")),
            _ => Ok(()),
        }
    }

    fn messages(&self) -> Result<Due, Failure> {
        let (pause, failure) = self.shared.fault();
        let answer = match failure {
            Some(failure) => Some(Answer::failed(&failure, self.request_id)),
            None => match Bench::marker(self.body) {
                Some(marker) => Some(self.bench(&marker?)?),
                None => self.scripted()?,
            },
        };
        Ok((pause, answer))
    }

    fn bench(&self, marker: &crate::marker::Marker) -> Result<Answer, Failure> {
        let bench = &self.shared.bench;
        let mut answer = match marker.name.as_str() {
            "bench_json" => Answer::new(200, "application/json", Play::whole(bench.json.clone())),
            "bench_sse" => Answer::new(200, "text/event-stream; charset=utf-8", Play::stream(bench.stream(marker)?)),
            name => return Err(Failure::invalid(format!("unknown scenario `{name}`"))),
        };
        answer.pace(&marker.args)?;
        Ok(answer)
    }

    fn scripted(&self) -> Result<Option<Answer>, Failure> {
        let turn = Turn::read(self.body)?;
        let fallback = match &turn.marker {
            None if turn.has_tools => self.shared.default_script(),
            _ => None,
        };
        let marker = turn.marker.as_ref().or(fallback.as_deref());
        let script = scenarios::play(marker, &turn, self.id, self.shared)?;
        let manner = Manner { stream: turn.stream, gzip: accepts_gzip(&self.head.headers) };
        let none = Default::default();
        let args = marker.map_or(&none, |marker| &marker.args);
        Answer::scripted(script, args, manner, self.request_id)
    }
}

/// Assertions say in wall clock time when they count; a service that is somebody else's has a clock of its own.
#[expect(clippy::disallowed_methods, reason = "the stand-in for another machine, which has its own clock")]
fn wall_clock_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text("x-api-key").or_else(|| text("authorization")?.strip_prefix("Bearer "))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all("accept-encoding")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("gzip") && parts.next() != Some("q=0")
        })
}
