//! What hosts that sessions log in to fetch from writ: the key of a broker's authority, and the list of its certificates
//! that count no longer. Both are public: they say nothing that a certificate does not show to every host.

use std::collections::BTreeSet;

use brokers::ssh::{KRL_SERIALS_MAX, KrlHead, write_krl};
use brokers::ssh_serial;
use domain::credential::How;
use domain::{BrokerKind, CredentialId, Digest, Name, Time};
use store::CredentialFilter;

use crate::error::Error;
use crate::limits::{KRL_FRESH_FOR, KRL_KEPT_AFTER_EXPIRY, KRL_ROWS_AT_A_TIME};
use crate::plane::ControlPlane;
use crate::vending::KrlFile;

/// The public key of an ssh broker's authority, as `TrustedUserCAKeys` of sshd_config(5) wants it: a line.
///
/// # Errors
/// There is no ssh broker of that name.
pub async fn authority(plane: &ControlPlane, broker: &str) -> Result<String, Error> {
    let name = ssh_broker(plane, broker)?;
    let opened = plane.vending.broker(plane, &name).await?;
    // INVARIANT: every broker has a target, and those of an ssh broker tell their authority.
    let told = opened.targets().keys().next().map(|target| opened.delivery(target));
    let key = told.as_ref().and_then(|told| told["ssh"]["authority"].as_str());
    let key = key.ok_or_else(|| Error::Unavailable("this broker does not tell its authority".to_owned()))?;
    Ok(format!("{key} writ-{name}\n"))
}

/// The list of an ssh broker's certificates that count no longer though they have not expired, as `RevokedKeys` of
/// sshd_config(5) wants it. At most [`KRL_FRESH_FOR`] old.
///
/// It is about every authority that a host trusts: what was revoked stays so when the broker gets another key.
///
/// # Errors
/// There is no ssh broker of that name, or the database failed.
pub async fn krl(plane: &ControlPlane, broker: &str) -> Result<KrlFile, Error> {
    let name = ssh_broker(plane, broker)?;
    // One at a time, and the others get what it made: anybody may ask, as often as they like.
    let mut made = plane.vending.krls.lock().await;
    let now = plane.clock.now();
    if let Some((at, file)) = made.get(&name).filter(|(at, _)| now.since(*at) < KRL_FRESH_FOR && *at <= now) {
        tracing::trace!(broker = %name, at = at.unix_millis(), "the list is fresh");
        return Ok(file.clone());
    }
    let file = make(plane, &name, now).await?;
    made.retain(|name, _| plane.view.read(|state| state.brokers.contains_key(name)));
    made.insert(name, (now, file.clone()));
    Ok(file)
}

async fn make(plane: &ControlPlane, broker: &Name, now: Time) -> Result<KrlFile, Error> {
    // Before anything is read: what the list says is at least as new.
    let version = plane.view.next();
    // First those that are being ended: meanwhile they can only become rows.
    let mut ended: BTreeSet<CredentialId> = plane.view.read(|state| {
        let due = state.due.iter().filter(|id| state.credentials.get(*id).is_some_and(|one| one.broker == *broker));
        due.copied().collect()
    });
    ended.extend(ended_rows(plane, broker, now).await?);
    let serials: BTreeSet<u64> = ended.into_iter().map(ssh_serial).collect();
    let made_at = u64::try_from(now.unix_seconds()).unwrap_or_default();
    let head = KrlHead { version, made_at, comment: format!("writ broker {broker}") };
    let bytes = write_krl(&head, None, &serials).map_err(|error| Error::Unavailable(error.to_string()))?;
    let numbers: Vec<u8> = serials.iter().flat_map(|serial| serial.to_be_bytes()).collect();
    Ok(KrlFile { bytes: bytes.into(), tag: format!("W/\"{}\"", Digest::of(&numbers)) })
}

/// Those that were ended before their time. A host whose clock is late takes a certificate for a while after it expired, so
/// they stay for a while.
async fn ended_rows(plane: &ControlPlane, broker: &Name, now: Time) -> Result<BTreeSet<CredentialId>, Error> {
    let mut ended = BTreeSet::new();
    let mut before = None;
    loop {
        let filter = CredentialFilter {
            broker: Some(broker.clone()),
            over_unexpired_at: Some(now - KRL_KEPT_AFTER_EXPIRY),
            before,
            limit: KRL_ROWS_AT_A_TIME,
            ..CredentialFilter::default()
        };
        let rows = plane.store.credentials(&filter).await?;
        before = rows.last().map(|row| row.id);
        ended.extend(rows.iter().filter(|row| row.how != Some(How::Expired)).map(|row| row.id));
        // More than fit is an error in the end, so that nobody takes half a list for a whole one.
        if rows.len() < KRL_ROWS_AT_A_TIME || ended.len() > KRL_SERIALS_MAX {
            return Ok(ended);
        }
    }
}

fn ssh_broker(plane: &ControlPlane, broker: &str) -> Result<Name, Error> {
    let name: Option<Name> = broker.parse().ok();
    let kind = plane.view.read(|state| name.as_ref().and_then(|name| state.brokers.get(name)).map(|found| found.kind));
    let is_ssh = kind == Some(BrokerKind::Ssh);
    name.filter(|_| is_ssh).ok_or_else(|| Error::not_found("ssh broker", broker))
}
