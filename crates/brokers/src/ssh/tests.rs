#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod certificates;
mod commits;
mod keygen;
mod login;
mod private_keys;

use domain::{SessionId, Time};

use super::*;
pub(super) use keygen::keygen;
pub(super) use login::{login_authority, login_certificate, login_claims};

/// 2026-11-22T20:00:00Z.
const NOW: u64 = 1_795_377_600;

fn authority() -> SshAuthority {
    SshAuthority::from_seed(&[1; 32]).unwrap()
}

fn session_key() -> SshKey {
    SshKey::from_seed(&[2; 32]).unwrap()
}

fn session() -> SessionId {
    SessionId::new(Time::from_unix_millis(1_795_377_600_000), 7)
}

fn claims() -> CertificateClaims {
    CertificateClaims {
        key: session_key().public(),
        serial: 4711,
        key_id: format!("writ:session={};dev=dev_1;project=checkout", session()),
        principals: vec!["grace@writ.example.com".to_owned(), format!("{}@writ.example.com", session())],
        valid_after: NOW - 300,
        valid_before: NOW + 3600,
        session: session(),
    }
}

fn certificate() -> Certificate {
    authority().certify(&claims(), &[3; 32]).unwrap()
}
