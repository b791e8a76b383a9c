//! One operation per verb. A handler extracts, calls one of these, and renders; the console calls the same ones.

pub mod artifact;
pub mod audit;
pub mod broker;
pub mod call;
pub mod certificate;
pub mod cost;
pub mod credential;
pub mod developer;
pub mod export;
pub mod freeze;
pub mod grant;
pub mod inject;
pub mod key;
pub mod lock;
pub mod lock_rules;
pub mod log;
pub mod project;
pub mod proof;
pub mod search;
pub mod session;
pub mod sign_in;
pub mod ssh_hosts;
pub mod team;
pub mod verify;
pub mod who;
pub mod write;
