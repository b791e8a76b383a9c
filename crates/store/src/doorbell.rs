//! Hearing that somebody appended: on PostgreSQL by notification, on both engines by the clock.

use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::Store;
use crate::limits::{DOORBELL_WAIT_MAX, LISTEN_RETRY_WAIT, LISTEN_SILENCE_MAX};
use crate::pool::{CHANNEL, Pool, listener_pool};

/// Rings after another node appended, or after half a second. A ring is a hint, never a proof of news.
pub struct Doorbell {
    rung: Arc<Notify>,
    listening: Option<JoinHandle<()>>,
}

impl Doorbell {
    /// Waits for a ring: at once if one came since the last wait, at most half a second.
    pub async fn wait(&mut self) {
        // A timeout is a ring too.
        let _ = timeout(DOORBELL_WAIT_MAX, self.rung()).await;
    }

    /// Waits for a ring however long it takes.
    pub(crate) async fn rung(&self) {
        self.rung.notified().await;
    }
}

impl Store {
    /// A doorbell of its own for the caller; must be called inside the runtime. On SQLite, where nobody else can
    /// append, it rings by the clock only.
    pub fn doorbell(&self) -> Doorbell {
        let rung = Arc::new(Notify::new());
        let listening = match &*self.pool {
            Pool::Sqlite { .. } => None,
            Pool::Postgres { options, .. } => Some(tokio::spawn(listen((**options).clone(), rung.clone()))),
        };
        Doorbell { rung, listening }
    }
}

/// Listens until aborted, through restarts of the server.
async fn listen(options: PgConnectOptions, rung: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(options.clone(), &rung).await {
            tracing::debug!(%error, "not listening for appends, polling instead");
            sleep(LISTEN_RETRY_WAIT).await;
        }
    }
}

/// Listens on one connection until it fails or falls silent.
async fn listen_once(options: PgConnectOptions, rung: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&listener_pool(options)).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // What was announced between two connections was not heard.
    rung.notify_one();
    while let Ok(heard) = timeout(LISTEN_SILENCE_MAX, listener.try_recv()).await {
        let lost = heard?.is_none();
        rung.notify_one();
        if lost {
            break;
        }
    }
    Ok(())
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}
