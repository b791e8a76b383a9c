//! The launcher's sockets: in the session's private folder, for the session's own processes only, a bounded number of
//! connections at a time.

use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::family::{Family, Stranger};

/// Connections of one socket at a time; more wait in the system's queue. Hooks, signing and helpers need one each, and a
/// helper may wait for a slow target.
const CONNECTIONS_MAX: usize = 128;
/// Strangers who are told so at a time; more only find the connection closed.
const STRANGERS_MAX: usize = 4;
/// Time to tell a stranger.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(1);
/// Pause after the system gave no connection (too many open files): not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that speaks on a connection until it is done.
pub(super) trait Speaker: Clone + Send + 'static {
    /// Speaks with a process of the session; the connection is closed when this returns.
    fn speak(
        self,
        peer: Option<Pid>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    ) -> impl Future<Output = ()> + Send;

    /// Says why nothing else is said.
    fn turn_away(
        self,
        stranger: Stranger,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    ) -> impl Future<Output = ()> + Send;
}

/// A socket that is listened on until this is dropped.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Listening {
    /// Makes the socket and answers on it from now on.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub(super) fn start(path: &Path, family: Family, speaker: impl Speaker) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let owner = std::fs::metadata(path)?.uid();
        Ok(Self(tokio::spawn(accept(listener, owner, family, speaker))))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: UnixListener, owner: u32, family: Family, speaker: impl Speaker) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let strangers = Arc::new(Semaphore::new(STRANGERS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // The folder keeps others out already; root is let in by neither.
        let Some(peer) = stream.peer_cred().ok().filter(|peer| peer.uid() == owner) else { continue };
        let peer = peer.pid().map(Pid::from_raw);
        let speaker = speaker.clone();
        match family.admit(peer) {
            Ok(()) => {
                tokio::spawn(async move {
                    speaker.speak(peer, stream).await;
                    drop(place);
                });
            }
            Err(stranger) => {
                let Ok(place) = Arc::clone(&strangers).try_acquire_owned() else { continue };
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(STRANGER_TIMEOUT, speaker.turn_away(stranger, stream)).await;
                    drop(place);
                });
            }
        }
    }
}
