//! `writ git-receive`: a hook that a git server of one's own runs before it takes a push.
//!
//! ```text
//! git push ─▶ git-receive-pack ─▶ hooks/pre-receive ─▶ writ git-receive pre-receive ─▶ POST /v1/push-checks
//! ```
//!
//! What git took is said by the hook `post-receive`; the note of the one for the other lies in the repository.
//!
//! Who pushes is what the server's front door proved (the web server's user, the SSH certificate), or what a token proves
//! that comes with the push. What a push says of itself is a claim.

mod admitted;
mod hook;
mod identity;
mod install;
pub(crate) mod settings;

pub(crate) use hook::{post_receive, pre_receive};
pub(crate) use install::install;
