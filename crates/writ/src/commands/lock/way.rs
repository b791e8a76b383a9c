//! How a command reaches the locks: inside a session through its launcher, in the session's name; else as the human who is
//! signed in.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::read;
use crate::client::{Client, ClientError, escape};
use crate::command_error::CommandError;
use crate::credentials::Home;
use crate::inside::{Inside, LockAsk};
use crate::limits::LOCK_ASK_TIMEOUT;

/// A way to the locks.
#[derive(Clone)]
pub(crate) enum Way {
    /// Through the launcher around this process.
    Inside(Inside),
    /// As the human who is signed in.
    SignedIn(Box<Client>),
}

impl Way {
    /// The launcher, if there is one; else the sign-in.
    ///
    /// # Errors
    /// Nobody is signed in.
    pub(crate) fn find() -> Result<Self, CommandError> {
        match Inside::find() {
            Some(inside) => Ok(Self::Inside(inside)),
            None => Ok(Self::SignedIn(Box::new(Home::find()?.client(None)?))),
        }
    }

    /// Whether what is acquired is the session's.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self, Self::Inside(_))
    }

    /// Asks.
    ///
    /// # Errors
    /// The launcher or the control plane is away, or refused.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, ask: LockAsk) -> Result<T, CommandError> {
        let answer = match self {
            Self::SignedIn(client) => put(client, &ask).await?,
            Self::Inside(inside) => {
                let inside = inside.clone();
                let asked = tokio::task::spawn_blocking(move || inside.lock(ask)).await;
                asked.map_err(|error| CommandError::failed("the question was given up").because(&error))??
            }
        };
        read(answer)
    }
}

/// Puts a question to the control plane.
///
/// # Errors
/// It is away, or refused.
pub(crate) async fn put(client: &Client, ask: &LockAsk) -> Result<Value, ClientError> {
    let within = LOCK_ASK_TIMEOUT;
    match ask {
        LockAsk::Acquire { body } => client.post_within("/v1/locks", body, within).await,
        LockAsk::Show { ticket, wait_seconds } => {
            client.get_within(&format!("/v1/locks/{}?wait.seconds={wait_seconds}", escape(ticket)), within).await
        }
        LockAsk::Release { ticket, token } => {
            let token = token.map(|token| format!("?token={token}")).unwrap_or_default();
            client.delete(&format!("/v1/locks/{}{token}", escape(ticket))).await.map(|()| Value::Null)
        }
        LockAsk::List { of, query } => client.get(&format!("/v1/{}?{query}", of.as_str())).await,
    }
}
