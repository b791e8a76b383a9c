//! The gateway itself: one request through all phases.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::RequestId;
use domain::call::Outcome;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::BodyExt;

use crate::admit::admit;
use crate::authority::{Authority, Caller};
use crate::body::{self, Body, Cut};
use crate::call::OpenCall;
use crate::claims;
use crate::config::{Config, ConfigError};
use crate::exchange::Exchange;
use crate::forward::{Answer, Letter, Unanswered, forward};
use crate::headers::{self, REQUEST_ID};
use crate::identify::Bearer;
use crate::intake::{Intake, Upload};
use crate::meter::Meter;
use crate::metrics::Metrics;
use crate::rejection::Rejection;
use crate::route::Route;
use crate::stream::Stream;
use crate::tap::Tap;
use crate::upstreams::Upstreams;

/// The data plane over one control plane.
pub struct Gateway<A: Authority> {
    core: Arc<Core<A>>,
    upstreams: Upstreams,
    intake: Intake,
    head_max: Duration,
}

/// What outlives a request: streams and settlements hold on to it.
pub(crate) struct Core<A> {
    pub(crate) authority: Arc<A>,
    pub(crate) metrics: Metrics,
    pub(crate) stream_idle_max: Duration,
}

impl<A: Authority> Gateway<A> {
    /// A gateway with these upstreams.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(authority: Arc<A>, config: Config) -> Result<Self, ConfigError> {
        let upstreams = Upstreams::new(&config)?;
        let core = Core { authority, metrics: Metrics::default(), stream_idle_max: config.stream_idle_max };
        let intake = Intake::new(&config, core.metrics.body_bytes());
        Ok(Self { core: Arc::new(core), upstreams, intake, head_max: config.head_max })
    }

    /// Whether this path is the gateway's, if only to be refused in Anthropic's shape.
    pub fn serves(path: &str) -> bool {
        Route::serves(path)
    }

    /// The gateway's counters.
    pub fn metrics(&self) -> &Metrics {
        &self.core.metrics
    }

    /// Answers one request. Dropping the future abandons it: what was reserved is settled all the same.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
    {
        let id = self.core.authority.new_request();
        let (parts, body) = request.into_parts();
        let mut response = self.answer(id, parts, body).await.unwrap_or_else(|rejection| {
            self.core.metrics.rejected(rejection.kind);
            tracing::debug!(request.id = %id, status = rejection.status.as_u16(), kind = rejection.kind, "request refused");
            rejection.respond(id)
        });
        if let Ok(value) = HeaderValue::try_from(id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    async fn answer<B>(&self, request: RequestId, parts: Parts, body: B) -> Result<Response<Body>, Rejection>
    where
        B: http_body::Body<Data = Bytes> + Send,
    {
        let (route, bearer, caller) = match self.enter(&parts) {
            Ok(None) => return Ok(hello(&parts.method)),
            Ok(Some(entered)) => entered,
            Err(rejection) => {
                Intake::drain(&parts.headers, pin!(body)).await;
                return Err(rejection);
            }
        };
        let exchange = Exchange { request, started: self.core.authority.now(), bearer, caller, parts };
        match route {
            Route::Message => {
                let upload = self.intake.read(&exchange.parts.headers, body).await?;
                self.message(exchange, upload).await
            }
            Route::CountTokens => {
                let upload = self.intake.read(&exchange.parts.headers, body).await?;
                self.unmetered(exchange, upload).await
            }
            Route::Models | Route::Hello => self.unmetered(exchange, Upload::default()).await,
        }
    }

    /// What is asked for and by whom; nobody needs to say who they are to say hello.
    fn enter(&self, parts: &Parts) -> Result<Option<(Route, Bearer, Caller)>, Rejection> {
        let route = Route::of(&parts.method, parts.uri.path())?;
        if route == Route::Hello {
            return Ok(None);
        }
        let bearer = Bearer::of(&parts.headers)?;
        let caller = bearer.identify(&*self.core.authority)?;
        Ok(Some((route, bearer, caller)))
    }

    /// A model call, from its body to the head of its answer.
    async fn message(&self, mut exchange: Exchange, upload: Upload) -> Result<Response<Body>, Rejection> {
        if let Some(agent) = claims::agent(&exchange.parts.headers) {
            let caller = exchange.caller.clone();
            exchange.caller = self.core.authority.sub_agent(exchange.request, caller, &agent).await?;
        }
        let mut admitted = admit(&*self.core.authority, &exchange, upload)?;
        let overlaps = admitted.ask.upstream_contacted;
        let (bytes, share) = std::mem::take(&mut admitted.upload).split();
        let mut call = OpenCall::new(&self.core, &exchange, admitted);
        let letter = Letter::new(&mut exchange.parts, bytes, call.sent());
        if !overlaps {
            call.reserved().await?;
        }
        let answer = self.reserve_and_forward(&exchange, &mut call, letter).await?;
        drop(share);
        match answer {
            Ok(answer) => Ok(self.metered(&exchange, call, answer)),
            Err(unanswered) => {
                call.answered(&unanswered.upstream, None, None);
                call.settle_unseen(Outcome::UpstreamUnreachable);
                Err(unanswered.rejection)
            }
        }
    }

    /// Both at once, so that the reservation hides behind the upstream's own latency; nothing of the answer is used
    /// before the reservation is durable. A reservation that is durable already resolves at once.
    async fn reserve_and_forward(
        &self,
        exchange: &Exchange,
        call: &mut OpenCall<A>,
        letter: Letter,
    ) -> Result<Result<Answer, Unanswered>, Rejection> {
        let mut over = pin!(exchange.caller.over.cancelled());
        let mut answering = pin!(self.forward(exchange, letter));
        let (mut is_reserved, mut answer) = (false, None);
        loop {
            tokio::select! {
                biased;
                () = &mut over => return Err(exchange.bearer.why_over(&*self.core.authority)),
                result = call.reserved(), if !is_reserved => {
                    result?;
                    is_reserved = true;
                }
                result = &mut answering, if answer.is_none() => answer = Some(result),
            }
            if is_reserved && let Some(answer) = answer.take() {
                return Ok(answer);
            }
        }
    }

    /// Counting tokens and the list of models: they cost nothing, so only the session must be live.
    async fn unmetered(&self, mut exchange: Exchange, upload: Upload) -> Result<Response<Body>, Rejection> {
        let (bytes, share) = upload.split();
        let letter = Letter::new(&mut exchange.parts, bytes, Arc::default());
        let answer = tokio::select! {
            biased;
            () = exchange.caller.over.cancelled() => return Err(exchange.bearer.why_over(&*self.core.authority)),
            answer = self.forward(&exchange, letter) => answer.map_err(|unanswered| unanswered.rejection)?,
        };
        drop(share);
        let (mut head, body) = answer.response.into_parts();
        headers::for_client(&mut head.headers);
        Ok(self.respond(head, Stream::new(&self.core, body, None, exchange.caller.over, answer.busy)))
    }

    async fn forward(&self, exchange: &Exchange, letter: Letter) -> Result<Answer, Unanswered> {
        forward(&self.upstreams, &self.core.metrics, letter, exchange.started, self.head_max).await
    }

    fn metered(&self, exchange: &Exchange, mut call: OpenCall<A>, answer: Answer) -> Response<Body> {
        let (mut head, body) = answer.response.into_parts();
        let upstream_request = headers::for_client(&mut head.headers);
        call.answered(&answer.upstream, Some(head.status), upstream_request.as_ref().map(HeaderValue::as_bytes));
        let meter = if head.status.is_success() {
            let tap = Tap::new(&head.headers, call.is_stream());
            Some(Meter::new(call, tap))
        } else {
            call.settle_unseen(Outcome::UpstreamRefused);
            None
        };
        let over = exchange.caller.over.clone();
        self.respond(head, Stream::new(&self.core, body, meter, over, answer.busy))
    }

    /// Status and headers only: the version and the extensions of the other connection mean nothing on this one.
    fn respond(&self, head: http::response::Parts, stream: Stream<A>) -> Response<Body> {
        let cut = Cut(stream.over());
        let mut response = Response::new(stream.boxed_unsync());
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        response.extensions_mut().insert(cut);
        response
    }
}

fn hello(method: &Method) -> Response<Body> {
    let body = if method == Method::HEAD { body::empty() } else { body::full(r#"{"message":"hello"}"#) };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
