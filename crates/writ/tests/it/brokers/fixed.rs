//! A stored secret that is injected: the service sees it, the session never does, and a session that is over is cut.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::files::holding;
use crate::support::http::stream;
use crate::support::{Answer, Opened, People, Writ, run, send, within};

const SECRET: &str = "the-stored-secret/4711";

/// A service that tells everything it was sent, the secret included, in its body and in a header.
struct Service {
    url: String,
    seen: Arc<Mutex<Vec<Value>>>,
    accepting: JoinHandle<()>,
}

/// Sends one event and then nothing.
struct Forever(Option<Bytes>);

impl Body for Forever {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(std::task::Poll::Pending, |data| std::task::Poll::Ready(Some(Ok(Frame::data(data)))))
    }
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Value>>>::default();
        let of_service = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let seen = Arc::clone(&of_service);
                let service = service_fn(move |request| answer(request, Arc::clone(&seen)));
                connections.spawn(async move {
                    let _ =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
                });
            }
        });
        Self { url, seen, accepting }
    }

    fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Value>>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let headers: serde_json::Map<String, Value> =
        head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().into())).collect();
    let told = json!({ "method": head.method.as_str(), "uri": head.uri.to_string(), "headers": headers,
                       "body": String::from_utf8_lossy(&body) });
    seen.lock().unwrap().push(told.clone());
    let builder = Response::builder()
        .header("x-echo", format!("you sent {}", head.headers["authorization"].to_str().unwrap()))
        .header("set-cookie", "session=service-cookie")
        .header("x-request-id", "svc-1");
    let response = match head.uri.path() {
        "/base/v1/events" => builder
            .header("content-type", "text/event-stream")
            .body(Forever(Some(Bytes::from(format!("data: {SECRET}\n\n")))).boxed()),
        "/base/v1/gzip" => builder.header("content-encoding", "gzip").body(Full::from("x").boxed()),
        "/base/v1/moved" => builder.status(302).header("location", "/base/v1/echo").body(Full::default().boxed()),
        "/base/v1/image" => builder.header("content-type", "image/png").body(Full::from("\u{1}png").boxed()),
        _ => builder.header("content-type", "application/json").body(Full::from(told.to_string()).boxed()),
    };
    Ok(response.unwrap())
}

struct Stage {
    writ: Writ,
    people: People,
    service: Service,
    session: Opened,
}

impl Stage {
    async fn start() -> Self {
        let (writ, service) = (Writ::start().await, Service::start().await);
        let people = writ.people().await;
        let broker = json!({ "kind": "static", "secrets": { "token": SECRET }, "settings": { "targets": { "prod": {
            "base_url": format!("{}/base", service.url), "inject": { "header": "authorization", "prefix": "Bearer " },
            "methods": ["GET", "POST"], "paths": ["/v1/"],
        } } } });
        let set = people.ada.put("/v1/brokers/jira", Some(broker)).await;
        assert_eq!(set.status, 200, "{}", set.text());
        // Nothing is sent to try it.
        assert!(service.seen().is_empty());
        let granted = people.ada.put("/v1/projects/checkout/grants/jira/prod", Some(json!({}))).await;
        assert_eq!(granted.status, 200, "{}", granted.text());
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        Self { writ, people, service, session }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/inject/jira/prod{path}", self.writ.url)
    }

    async fn sends(&self, method: Method, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.session.caller.token.as_ref().unwrap());
        let headers = [&[("authorization", bearer.as_str())], more].concat();
        send(method, &self.url(path), &headers, body.to_owned()).await
    }

    async fn gets(&self, path: &str) -> Answer {
        self.sends(Method::GET, path, &[], "").await
    }
}

#[test]
fn the_service_sees_the_secret_and_the_session_does_not() {
    run(async {
        let stage = Stage::start().await;
        let token = stage.session.caller.token.clone().unwrap();
        let more =
            [("cookie", "a=b"), ("x-kept", "1"), ("x-writ-session", "me"), ("connection", "x-gone"), ("x-gone", "1")];
        let answer = stage.sends(Method::POST, "/v1/echo?q=a%2Fb", &more, "hello").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = stage.service.seen().pop().unwrap();
        assert_eq!(
            (&seen["method"], &seen["uri"], &seen["body"]),
            (&json!("POST"), &json!("/base/v1/echo?q=a%2Fb"), &json!("hello"))
        );
        assert_eq!(seen["headers"]["authorization"], format!("Bearer {SECRET}"));
        assert_eq!(seen["headers"]["x-kept"], "1");
        for gone in ["cookie", "x-writ-session", "x-gone"] {
            assert!(seen["headers"].get(gone).is_none(), "{seen}");
        }
        assert!(!seen.to_string().contains(&token), "{seen}");

        let told = answer.json();
        assert_eq!(told["headers"]["authorization"], "Bearer [withheld]");
        assert!(!answer.text().contains(SECRET) && !format!("{:?}", answer.headers).contains(SECRET));
        assert_eq!(
            (answer.header("x-echo"), answer.header("set-cookie"), answer.header("x-request-id")),
            ("", "", "svc-1")
        );

        let moved = stage.gets("/v1/moved").await;
        assert_eq!((moved.status.as_u16(), moved.header("location")), (302, "/base/v1/echo"));
        let image = stage.gets("/v1/image").await;
        assert_eq!((image.text().as_str(), image.header("content-length")), ("\u{1}png", "4"));
        let encoded = stage.gets("/v1/gzip").await;
        assert_eq!((encoded.status.as_u16(), &encoded.json()["code"]), (502, &json!("target_refused")));

        stage.people.ada.post(&format!("/v1/sessions/{}/revoke", stage.session.id), json!({ "reason": "done" })).await;
        assert!(!stage.writ.log().is_empty());
        assert_eq!(holding(stage.writ.path(), &[SECRET]), Vec::<String>::new());
    });
}

#[test]
fn only_the_session_may_and_only_what_is_granted() {
    run(async {
        let stage = Stage::start().await;
        for (method, path, text) in [
            (Method::DELETE, "/v1/echo", "`DELETE` is not granted here, only `GET`, `POST`"),
            (Method::GET, "/v2/echo", "this path is not granted here, only `/v1/`"),
            (Method::GET, "/v1/../v2/echo", "`.` or `..`"),
            (Method::GET, "/v1/%2e%2e/v2/echo", "`.` or `..`"),
        ] {
            let refused = stage.sends(method, path, &[], "").await;
            assert_eq!(refused.status, 403, "{}", refused.text());
            assert!(refused.text().contains(text), "{}", refused.text());
        }
        let narrowed = json!({ "scope": { "methods": ["GET"], "paths": ["/v1/issues"] } });
        let granted = stage.people.ada.put("/v1/projects/checkout/grants/jira/prod", Some(narrowed)).await;
        assert_eq!(granted.status, 200, "{}", granted.text());
        assert_eq!(stage.gets("/v1/issues/7").await.status, 200);
        assert_eq!(stage.gets("/v1/echo").await.status, 403);

        assert_eq!(send(Method::GET, &stage.url("/v1/issues"), &[], "").await.status, 401);
        assert_eq!(stage.people.grace.get("/v1/inject/jira/prod/v1/issues").await.status, 401);
        let other = stage.people.grace.open(json!({})).await;
        let refused = other.caller.get("/v1/inject/jira/prod/v1/issues").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("not_granted")));
        assert_eq!(stage.service.seen().len(), 1, "nothing else was sent");

        // It is never handed over, and the refusal says what to do instead.
        let path = format!("/v1/sessions/{}/credentials", stage.session.id);
        let refused = stage.session.caller.post(&path, json!({ "broker": "jira", "target": "prod" })).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(
            refused.text().contains("never handed over") && refused.text().contains("/v1/inject/jira/prod"),
            "{}",
            refused.text()
        );
        let shown = stage.people.ada.get("/v1/brokers/jira").await;
        assert!(shown.text().contains("not attributable") && !shown.text().contains(SECRET), "{}", shown.text());
    });
}

/// A hundred requests at a time are one credential, which dies with the session.
#[test]
fn one_entry_covers_a_session() {
    run(async {
        let stage = Arc::new(Stage::start().await);
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let stage = Arc::clone(&stage);
            sending.spawn(async move { stage.gets("/v1/echo").await.status.as_u16() });
        }
        assert!(sending.join_all().await.iter().all(|status| *status == 200));
        let listed = stage.people.ada.get("/v1/credentials").await.json();
        let all = listed["credentials"].as_array().unwrap();
        assert_eq!((all.len(), &all[0]["status"]), (1, &json!("live")), "{listed}");
        let id = all[0]["id"].as_str().unwrap();
        let path = format!("/v1/sessions/{}/revoke", stage.session.id);
        stage.people.ada.post(&path, json!({ "reason": "over" })).await;
        crate::support::until("the credential to be over", || async {
            let shown = stage.people.ada.get(&format!("/v1/credentials/{id}")).await.json();
            (shown["status"] == "revoked").then_some(())
        })
        .await;
        let refused = stage.gets("/v1/echo").await;
        assert_eq!(refused.status, 409, "{}", refused.text());
    });
}

#[test]
fn a_revoked_session_is_cut_in_the_middle() {
    run(async {
        let stage = Stage::start().await;
        let bearer = format!("Bearer {}", stage.session.caller.token.as_ref().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let mut events = within("the head", stream(Method::GET, &stage.url("/v1/events"), &headers, "")).await.unwrap();
        // The first event comes at once, though the stream goes on.
        let first = within("an event", events.next()).await.unwrap().unwrap();
        assert_eq!(first, "data: [withheld]\n\n");
        let path = format!("/v1/sessions/{}/revoke", stage.session.id);
        stage.people.ada.post(&path, json!({ "reason": "over" })).await;
        let rest = within("the cut", events.next()).await;
        assert!(rest.is_none_or(|piece| piece.is_err()));
    });
}

/// Inside `writ run` a URL is enough: neither the secret nor the session's token is in it.
#[test]
fn the_launcher_offers_a_url_that_needs_no_token() {
    run(async {
        let stage = Stage::start().await;
        let script = "echo \"$WRIT_INJECT_JIRA_PROD\"; writ credential get jira/prod; \
                      curl -s --data hello \"$WRIT_INJECT_JIRA_PROD/v1/echo?q=1\"; echo; \
                      curl -s -o /dev/null -w '%{http_code}' \"${WRIT_INJECT_JIRA_PROD%/*/0}/other/0/v1/echo\"; echo; env";
        let bin = std::path::Path::new(crate::support::process::WRIT).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = stage.writ.command(&stage.people.grace, "home");
        command.env("PATH", path).args(["run", "--project", "checkout", "--no-git", "--", "sh", "-c", script]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        crate::support::leaks::complaint(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = said.lines();
        let (url, got) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(
            url.starts_with("http://127.0.0.1:") && url == got,
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let told: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(
            (&told["uri"], &told["headers"]["authorization"]),
            (&json!("/base/v1/echo?q=1"), &json!("Bearer [withheld]"))
        );
        assert_eq!(lines.next().unwrap(), "404", "another word opens nothing");
        assert!(!said.contains(SECRET), "{said}");
    });
}
