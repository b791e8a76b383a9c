//! A receiver of HTTP posts on loopback that answers as a test says and remembers everything.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One post and what it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// None while it is held.
    pub(crate) answered: Option<u16>,
}

/// How a post is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// 200 with a body.
    Say(&'static str),
    /// Not at all, until the other side goes away.
    Hold,
}

type Decide = dyn Fn(usize, &Post) -> Reply + Send + Sync;

/// A receiver. It is gone, with its connections, when dropped.
pub(crate) struct Receiver {
    pub(crate) address: String,
    posts: Arc<Mutex<Vec<Post>>>,
    accepting: JoinHandle<()>,
}

impl Post {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl Receiver {
    /// Listens on a free port. `decide` is given the number of the post, counted from 0, and the post.
    pub(crate) async fn start(decide: impl Fn(usize, &Post) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", decide).await
    }

    pub(crate) async fn start_at(
        address: &str,
        decide: impl Fn(usize, &Post) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (posts, decide): (Arc<Mutex<Vec<Post>>>, Arc<Decide>) = (Arc::default(), Arc::new(decide));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&posts), decide));
        Self { address, posts, accepting }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that came so far.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// What was answered with 200, in order.
    pub(crate) fn taken(&self) -> Vec<Post> {
        self.posts().into_iter().filter(|post| post.answered == Some(200)).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, posts: Arc<Mutex<Vec<Post>>>, decide: Arc<Decide>) {
    let mut connections = tokio::task::JoinSet::new(); // so that they end with this task
    while let Ok((stream, _)) = listener.accept().await {
        let (posts, decide) = (Arc::clone(&posts), Arc::clone(&decide));
        let service = service_fn(move |request| answer(request, Arc::clone(&posts), Arc::clone(&decide)));
        connections.spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    posts: Arc<Mutex<Vec<Post>>>,
    decide: Arc<Decide>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(Response::default()) };
    let path = head.uri.path().to_owned();
    let mut post = Post { path, headers: head.headers, body: body.to_bytes(), answered: None };
    let reply = {
        let mut posts = posts.lock().unwrap();
        let reply = decide(posts.len(), &post);
        post.answered = match reply {
            Reply::Status(status) => Some(status),
            Reply::Say(_) => Some(200),
            Reply::Hold => None,
        };
        super::leaks::text("posts to receivers", &post.body);
        posts.push(post);
        reply
    };
    match reply {
        Reply::Status(status) => Ok(Response::builder().status(status).body(Full::default()).unwrap()),
        Reply::Say(text) => Ok(Response::new(Full::from(text))),
        Reply::Hold => std::future::pending().await,
    }
}
