//! A push: read, looked at, asked about, and sent on or refused.

use std::sync::Arc;

use gateway::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use zeroize::Zeroizing;

use super::copy::Copy;
use super::limits::PLACE_WAIT_MAX;
use super::report::refusal;
use super::request::Head;
use super::route::Asks;
use super::spool::Spool;
use super::stream::{Ending, Sent, no_store, said};
use super::{Proxy, upstream};
use crate::push::changes::{self, Changes};
use crate::push::question::{Identity, Question};
use crate::push::verdict::{Refused, Verdict};

const RESULT: &str = "application/x-git-receive-pack-result";
/// Bytes of a pack's head: gitformat-pack(5).
const PACK_HEAD_BYTES: usize = 12;

impl Proxy {
    /// Answers a push.
    pub(super) async fn push(
        &self,
        asks: &Asks,
        proof: Zeroizing<String>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let Ok(Ok(_place)) = tokio::time::timeout(PLACE_WAIT_MAX, self.places.acquire()).await else {
            return said(StatusCode::SERVICE_UNAVAILABLE, "too many pushes at once; push again in a moment");
        };
        let (parts, body) = request.into_parts();
        let spool = match Spool::take(self.copies.folder(), &parts.headers, body).await {
            Ok(spool) => spool,
            Err(error) => return said(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let head = match spool.head().map(|bytes| Head::read(&bytes)) {
            Ok(Ok(Some(head))) => head,
            // Git sees whether it is let in.
            Ok(Ok(None)) => return no_store(StatusCode::OK, RESULT, Vec::new()),
            Ok(Err(error)) => return said(StatusCode::BAD_REQUEST, &error.to_string()),
            Err(error) => return said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        };
        let copy = self.copies.of(&asks.name);
        let verdict = self.decide(asks, proof, &spool, &head, &copy).await.unwrap_or_else(Verdict::Refused);
        match verdict {
            Verdict::Refused(refused) => no_store(StatusCode::OK, RESULT, refusal(&head, &refused)),
            Verdict::Admitted { position } => {
                tracing::info!(position, repository = asks.name, "a push is sent on");
                match self.send_on(asks, &spool, &head, &copy).await {
                    Ok(answer) => self.when_sent(answer, position),
                    // Whether it arrived is not known.
                    Err(refused) => no_store(StatusCode::OK, RESULT, refusal(&head, &refused)),
                }
            }
        }
    }

    async fn decide(
        &self,
        asks: &Asks,
        proof: Zeroizing<String>,
        spool: &Spool,
        head: &Head,
        copy: &Arc<Copy>,
    ) -> Result<Verdict, Refused> {
        let changes = self.changes(asks, spool, head, copy).await?;
        let question = Question::new(Identity::Token { proof }, &asks.name, &head.updates, &head.options, changes);
        Ok(self.checker.check(&question).await)
    }

    async fn changes(&self, asks: &Asks, spool: &Spool, head: &Head, copy: &Copy) -> Result<Changes, Refused> {
        let unreadable = |error: upstream::Failed| Refused::unreadable(error);
        let url = self.upstream.url(asks);
        let authorization = self.upstream.authorization().await.map_err(unreadable)?;
        let authorization = authorization.as_ref().map(|value| value.as_str());
        copy.follow(&url, authorization).await.map_err(unreadable)?;
        let from = head.length as u64;
        if !brings_objects(spool, from).map_err(Refused::unreadable)? {
            return changes::of(copy.repository(), &head.updates).await.map_err(Refused::unreadable);
        }
        let incoming = copy.receive(|| spool.at(from), &url, authorization).await.map_err(unreadable)?;
        changes::of(&incoming.repository, &head.updates).await.map_err(Refused::unreadable)
    }

    /// Says that the push has arrived, or was not taken, once the whole answer has passed through.
    fn when_sent(&self, answer: Response<Body>, position: Option<u64>) -> Response<Body> {
        let Some(position) = position else { return answer };
        let (ended, end) = tokio::sync::oneshot::channel();
        let asking = self.checker.clone();
        tokio::spawn(async move {
            // An answer that broke off says nothing: the push may be on its way still.
            if end.await.is_ok() {
                asking.landed(position).await;
            }
        });
        answer.map(|body| Ending::new(body, ended).boxed_unsync())
    }

    async fn send_on(&self, asks: &Asks, spool: &Spool, head: &Head, copy: &Copy) -> Result<Response<Body>, Refused> {
        let file = spool.at(head.length as u64).map_err(Refused::unreadable)?;
        let left = spool.length() - head.length as u64;
        let body = Sent::new(head.rewritten(copy.takes_options()), tokio::fs::File::from_std(file), left);
        let failed = |error: upstream::Failed| {
            Refused::new(
                "push_unanswered",
                format!("writ admitted this push, and {error}"),
                "look whether it arrived: git fetch; if it did not, push again",
            )
        };
        self.upstream.push(asks, body).await.map_err(failed)
    }
}

/// Whether there is a pack, and anything in it: a push that only deletes has none, and a ref to what is there has an empty
/// one.
fn brings_objects(spool: &Spool, from: u64) -> std::io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::with_capacity(PACK_HEAD_BYTES);
    (&spool.at(from)?).take(PACK_HEAD_BYTES as u64).read_to_end(&mut head)?;
    match head.as_slice() {
        [] => Ok(false),
        [b'P', b'A', b'C', b'K', _, _, _, _, count @ ..] if count.len() == 4 => Ok(count != [0; 4]),
        _ => Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "what follows the list of refs is no pack")),
    }
}
