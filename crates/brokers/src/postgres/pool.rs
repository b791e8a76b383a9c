//! A handful of connections to one server, kept for a while and used one after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::limits::{AWAY_REMEMBERED, CONNECTIONS_MAX, IDLE_MAX, IDLE_UNASKED_MAX, QUEUE_MAX};
use super::link::{Link, LogIn};
use super::server::Server;
use super::trouble::Trouble;

/// The connections of one broker.
pub(super) struct Pool {
    server: Server,
    user: String,
    password: Zeroizing<String>,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    /// When the server was last found away, and how.
    away: Mutex<Option<(Instant, Trouble)>>,
    has_pruner: AtomicBool,
}

struct Idle {
    database: String,
    link: Link,
    since: Instant,
}

/// A connection that nobody else uses. Dropped without [`Leased::give_back`] it is closed: whatever it was in the middle of
/// is rolled back by the server.
pub(super) struct Leased {
    pool: Arc<Pool>,
    database: String,
    link: Link,
    _place: OwnedSemaphorePermit,
}

// === impl Pool ===

impl Pool {
    /// A pool without connections.
    pub(super) fn new(server: Server, user: String, password: Zeroizing<String>) -> Arc<Self> {
        Arc::new(Self {
            server,
            user,
            password,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            idle: Mutex::default(),
            away: Mutex::default(),
            has_pruner: AtomicBool::new(false),
        })
    }

    /// The server.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// The role that it logs in as.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// A connection to a database of the server; waits for one of the few.
    ///
    /// # Errors
    /// [`Trouble`]: the server is away, or refuses the log-in; nothing was asked of it.
    pub(super) async fn take(self: &Arc<Self>, database: &str) -> Result<Leased, Trouble> {
        let place = tokio::time::timeout(QUEUE_MAX, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(Trouble::Busy);
        };
        let link = match self.idle_link(database).await {
            Some(link) => link,
            None => self.log_in(database).await?,
        };
        Ok(Leased { pool: Arc::clone(self), database: database.to_owned(), link, _place: place })
    }

    /// One that is there and lives.
    async fn idle_link(&self, database: &str) -> Option<Link> {
        let Idle { link, since, .. } = {
            let mut idle = self.idle();
            let found = idle.iter().rposition(|idle| idle.database == database);
            found.map(|place| idle.swap_remove(place))?
        };
        let is_fresh = since.elapsed() < IDLE_UNASKED_MAX;
        (link.is_open() && (is_fresh || link.answers().await)).then_some(link)
    }

    async fn log_in(&self, database: &str) -> Result<Link, Trouble> {
        if let Some((when, trouble)) = &*self.away()
            && when.elapsed() < AWAY_REMEMBERED
        {
            return Err(trouble.clone());
        }
        // Unused connections to other databases make room: the bound is one for all.
        let evicted = {
            let mut idle = self.idle();
            let used = CONNECTIONS_MAX.saturating_sub(self.places.available_permits());
            (idle.len() + used > CONNECTIONS_MAX && !idle.is_empty()).then(|| idle.remove(0))
        };
        drop(evicted);
        let log_in = LogIn { user: &self.user, password: &self.password, database };
        let linked = Link::open(&self.server, &log_in).await;
        if let Err(trouble) = &linked {
            *self.away() = trouble.is_of_server().then(|| (Instant::now(), trouble.clone()));
        }
        linked
    }

    fn keep(self: &Arc<Self>, database: String, link: Link) {
        if link.is_open() {
            self.idle().push(Idle { database, link, since: Instant::now() });
        }
        if !self.has_pruner.swap(true, Ordering::AcqRel) {
            tokio::spawn(prune(Arc::downgrade(self)));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn away(&self) -> MutexGuard<'_, Option<(Instant, Trouble)>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that nobody needed for a while, until there is none left or the pool is gone.
async fn prune(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE_MAX).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.retain(|idle| idle.link.is_open() && idle.since.elapsed() < IDLE_MAX);
        if idle.is_empty() {
            pool.has_pruner.store(false, Ordering::Release);
            return;
        }
    }
}

// === impl Leased ===

impl Leased {
    /// Sends statements, which are one transaction if there are several; the rows of all of them.
    ///
    /// # Errors
    /// [`Trouble`]; the transaction was rolled back if the server said so.
    pub(super) async fn run(&self, statements: &str) -> Result<Vec<Vec<String>>, Trouble> {
        self.link.run(statements).await
    }

    /// The server's `server_version_num`: 150018 is 15.18.
    pub(super) fn version(&self) -> u32 {
        self.link.version()
    }

    /// The database it is connected to.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    /// Keeps the connection for whoever needs one next.
    pub(super) fn give_back(self) {
        self.pool.keep(self.database, self.link);
    }
}
