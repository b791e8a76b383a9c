//! `writ git-receive`: a hook that a git server of one's own runs before it takes a push.
//!
//! ```text
//! git push ─▶ git-receive-pack ─▶ hooks/pre-receive ─▶ writ git-receive pre-receive ─▶ POST /v1/push-checks
//! ```
//!
//! Who pushes is what the server's front door proved (the web server's user, the SSH certificate), or what a token proves
//! that comes with the push. What a push says of itself is a claim.

mod hook;
mod identity;
mod install;
pub(crate) mod settings;

pub(crate) use hook::pre_receive;
pub(crate) use install::install;
