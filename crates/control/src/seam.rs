//! The one seam through which time and chance enter writ, so that every run can be replayed.

mod steady;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{
    CallId, CredentialId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, SignInId, TeamId, TicketId, Time,
    Token, TokenKind,
};

pub use steady::Steady;

/// Where the time comes from.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock at the start, and from then on the time that passes: nobody's lease ends early because somebody
    /// sets the machine's clock. What a server counts by.
    Steady(Steady),
    /// A clock that tests set, in Unix milliseconds.
    Manual(AtomicI64),
}

impl Clock {
    /// A clock that starts with the machine's and that nobody sets.
    pub fn steady() -> Self {
        Self::Steady(Steady::start(uptime(), wall()))
    }

    /// The time now.
    pub fn now(&self) -> Time {
        let time = |since: Duration| Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        match self {
            Self::System => time(wall()),
            Self::Steady(steady) => time(steady.at(uptime(), wall())),
            Self::Manual(millis) => Time::from_unix_millis(millis.load(Ordering::Relaxed)),
        }
    }
}

/// What the machine's clock says, since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this is the seam")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// How long the machine has been up, the time it slept included: nobody sets this.
pub fn uptime() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: nix::time::ClockId = nix::time::ClockId::CLOCK_BOOTTIME;
    // Elsewhere this one counts on while the machine sleeps.
    #[cfg(not(target_os = "linux"))]
    const CLOCK: nix::time::ClockId = nix::time::ClockId::CLOCK_MONOTONIC;
    nix::time::clock_gettime(CLOCK).map(Duration::from).unwrap_or_default()
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
