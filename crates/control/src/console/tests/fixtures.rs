//! A team with sessions, calls and cost, as the handlers would fill it in.

pub(super) mod brokers;
pub(super) mod cost;
pub(super) mod credentials;
pub(super) mod error;
pub(super) mod locks;
pub(super) mod session;
pub(super) mod sessions;
pub(super) mod sign_in;

use domain::Usd;

use super::super::{Frame, Moment};

pub(super) fn ada() -> Frame {
    Frame { name: "Ada Lovelace".into(), roles: "member, admin".into(), sees_brokers: true, frozen: 0 }
}

/// A moment on 2026-11-22.
pub(super) fn at(time: &str) -> Moment {
    Moment::new(format!("2026-11-22T{time}.123Z"))
}

pub(super) fn cents(cents: i64) -> Usd {
    Usd::from_nanos(cents * 10_000_000)
}
