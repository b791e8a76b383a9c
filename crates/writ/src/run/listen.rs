//! The launcher's sockets: in the session's private folder, for the same user only, a few connections at a time.

use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Connections of one socket at a time; more wait in the system's queue. Hooks and signing need one each.
const CONNECTIONS_MAX: usize = 16;
/// Pause after the system gave no connection (too many open files): not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that speaks on a connection until it is done.
pub(super) trait Speaker: Clone + Send + 'static {
    /// Speaks; the connection is closed when this returns.
    fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) -> impl Future<Output = ()> + Send;
}

/// A socket that is listened on until this is dropped.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Listening {
    /// Makes the socket and answers on it from now on.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub(super) fn start(path: &Path, speaker: impl Speaker) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let owner = std::fs::metadata(path)?.uid();
        Ok(Self(tokio::spawn(accept(listener, owner, speaker))))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: UnixListener, owner: u32, speaker: impl Speaker) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // The folder keeps others out already; root is let in by neither.
        if is_of(&stream, owner) {
            let speaker = speaker.clone();
            tokio::spawn(async move {
                speaker.speak(stream).await;
                drop(place);
            });
        }
    }
}

fn is_of(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner)
}
