//! Beats for the session, from a thread of their own: the agent's silence or a busy launcher does not end a session.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::Opened;
use crate::client::{Address, Client, ClientError, escape, nothing};
use crate::command_error::CommandError;
use crate::limits::{BEAT_PAUSE, BEATS_LOST_BEFORE_WARNING, NEWS_QUEUE};
use crate::output::clean;

/// What the beats found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// The session is over; the sentence says who ended it and why.
    Over(String),
    /// The control plane has not answered for some beats.
    Silent,
    /// It has been silent for so long that the session has expired.
    Lapsed,
    /// It answers again.
    Back,
    /// Which of the session's credentials are good.
    Credentials(GoodOnes),
}

/// Which credentials were good, as the control plane said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoodOnes {
    /// Their ids.
    pub(super) ids: Vec<String>,
    /// How long before the answer it was asked: what was made since may not be among them.
    pub(super) age: Duration,
}

/// The beating thread; dropped or stopped, it ends by itself.
#[derive(Debug)]
pub(super) struct Beats {
    stop: CancellationToken,
    thread: JoinHandle<()>,
}

impl Beats {
    /// Starts beating.
    ///
    /// # Errors
    /// When no thread or client can be made.
    pub(super) fn start(server: &Address, opened: &Opened) -> Result<(Self, mpsc::Receiver<News>), CommandError> {
        let client = Client::new(server.clone())?.with_bearer(opened.token.as_str());
        let path = format!("/v1/sessions/{}/beat", escape(&opened.session.id));
        let (tell, news) = mpsc::channel(NEWS_QUEUE);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let failed = |error: std::io::Error| CommandError::failed("cannot start the thread that beats").because(&error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("writ-beat".to_owned())
            .spawn(move || runtime.block_on(beat_until(&stopped, &client, &path, &tell)))
            .map_err(failed)?;
        Ok((Self { stop, thread }, news))
    }

    /// Stops beating and waits for the thread, which drops a request under way.
    pub(super) fn stop(self) {
        self.stop.cancel();
        // A thread that panicked has nothing more to say.
        let _ = self.thread.join();
    }
}

async fn beat_until(stop: &CancellationToken, client: &Client, path: &str, tell: &mpsc::Sender<News>) {
    let mut silence = Silence::default();
    let body = nothing();
    loop {
        let asked = Instant::now();
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = client.post::<serde_json::Value>(path, &body) => result,
        };
        if let Some(ids) = result.as_ref().ok().and_then(good_ones) {
            // What is not told now is told with the next beat.
            let _ = tell.try_send(News::Credentials(GoodOnes { ids, age: asked.elapsed() }));
        }
        let news = match over(&result) {
            Some(text) => Some(News::Over(text)),
            None => silence.after(result.is_ok(), Instant::now()),
        };
        let is_over = matches!(news, Some(News::Over(_)));
        if let Some(news) = news {
            // A full queue means that nobody listens any more.
            let _ = tell.try_send(news);
        }
        if is_over {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(BEAT_PAUSE) => {}
        }
    }
}

/// The credentials in an answer; a control plane of an earlier version says nothing of them.
fn good_ones(answer: &serde_json::Value) -> Option<Vec<String>> {
    answer.get("credentials")?.as_array()?.iter().map(|id| id.as_str().map(str::to_owned)).collect()
}

/// The sentence of a refusal that means the session is over, with what to do next.
fn over(result: &Result<serde_json::Value, ClientError>) -> Option<String> {
    match result {
        Err(ClientError::Refused(problem)) if problem.ends_session() => {
            let next = problem.next.as_deref().map(|next| format!("; {}", clean(next))).unwrap_or_default();
            Some(format!("{}{next}", problem.sentence()))
        }
        _ => None,
    }
}

/// How long the control plane has not answered, and what was said about it.
#[derive(Debug, Default)]
struct Silence {
    since: Option<Instant>,
    lost: u32,
    lapsed: bool,
}

impl Silence {
    fn after(&mut self, answered: bool, now: Instant) -> Option<News> {
        if answered {
            let was_said = self.lost >= BEATS_LOST_BEFORE_WARNING;
            *self = Self::default();
            return was_said.then_some(News::Back);
        }
        let since = *self.since.get_or_insert(now);
        self.lost = self.lost.saturating_add(1);
        let expire_after = std::time::Duration::from_millis(domain::limits::BEAT_EXPIRE_AFTER.as_millis());
        if !self.lapsed && now.duration_since(since) >= expire_after {
            self.lapsed = true;
            return Some(News::Lapsed);
        }
        (self.lost == BEATS_LOST_BEFORE_WARNING).then_some(News::Silent)
    }
}

#[cfg(test)]
mod tests;
