//! The one seam through which time and chance enter writ, so that every run can be replayed.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::{
    CallId, CredentialId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, SignInId, TeamId, TicketId, Time,
    Token, TokenKind,
};

/// Where the time comes from.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that tests set, in Unix milliseconds.
    Manual(AtomicI64),
}

impl Clock {
    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    pub fn now(&self) -> Time {
        match self {
            Self::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(millis) => Time::from_unix_millis(millis.load(Ordering::Relaxed)),
        }
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing secret can be made then.
#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "this is the seam")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    // INVARIANT: the operating systems writ runs on always answer once booted.
    getrandom::fill(&mut bytes).expect("the operating system gives no randomness");
    bytes
}

/// A new secret token.
pub fn token(kind: TokenKind) -> Token {
    Token::new(kind, random())
}

macro_rules! new_id {
    ($(#[$doc:meta] $function:ident -> $id:ident;)*) => {
        impl Clock {
            $(#[$doc]
            pub fn $function(&self) -> $id {
                $id::new(self.now(), u128::from_le_bytes(random()))
            })*
        }
    };
}

new_id! {
    /// A new session id.
    session_id -> SessionId;
    /// A new developer id.
    developer_id -> DeveloperId;
    /// A new project id.
    project_id -> ProjectId;
    /// A new team id.
    team_id -> TeamId;
    /// A new call id.
    call_id -> CallId;
    /// A new node id.
    node_id -> NodeId;
    /// A new request id.
    request_id -> RequestId;
    /// A new sign-in id.
    sign_in_id -> SignInId;
    /// A new credential id.
    credential_id -> CredentialId;
    /// A new ticket id.
    ticket_id -> TicketId;
}
