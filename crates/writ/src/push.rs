//! The wall at `git push`: what a push asks for, which paths and commits it brings, and what the control plane says to it.
//!
//! Two doors use this: [`crate::git_receive`], a hook of a git server of one's own, and [`crate::git_proxy`], which stands in
//! front of one that takes no hooks. Both fail closed: what cannot be read is refused.

pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod limits;
pub(crate) mod pkt;
pub(crate) mod question;
pub(crate) mod repository;
pub(crate) mod update;
pub(crate) mod verdict;
