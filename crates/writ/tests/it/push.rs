//! The wall at `git push`: real git, over HTTP through `writ git-proxy` to a real git server, and over a hook of a repository
//! of one's own. What one door refuses the other does too.

mod hook;
mod inside;
mod paths;
mod proxy;
mod refs;
pub(crate) mod scene;
mod tokens;
