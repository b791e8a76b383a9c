//! The broker for logging in to hosts: short OpenSSH user certificates for a key that the session brings.
//!
//! The authority is this broker's own. It is not the one that certifies commits: hosts that trust it let sessions in, and a
//! commit's certificate opens no door anywhere. The certificate is made here, so nothing at a host can go wrong between the
//! decision and the credential; hosts learn of revocations from the broker's list ([`crate::ssh::write_krl`]).
//!
//! Settings: [`settings::Settings`]. Secrets: one of `ca_seed` and `ca_key`, see [`authority`].
//! Dimensions of a scope: `principals`, `force_command`.

mod authority;
mod hosts;
mod limits;
mod networks;
mod settings;
mod target;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::broker::Target;
use domain::{ArtifactKind, CredentialId, Name, Scope, Time};
use serde_json::{Value, json};

use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, Tools, Work,
};
use crate::open::SettingsError;
use crate::ssh::{LoginAuthority, LoginClaims, SshPublicKey, TEXT_BYTES_MAX};
use settings::Settings;
use target::LoginTarget;

pub use authority::{SSH_CA_SEED_SECRET, generate_ssh_ca};

/// Bits of a serial number, so that every JSON reader keeps it exactly.
const SERIAL_BITS: u32 = 53;

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings: Settings = serde_json::from_str(settings)?;
    let authority = authority::read(&secrets)?;
    let targets = settings.targets.into_iter().map(|(name, settings)| {
        let checked = LoginTarget::new(settings);
        checked
            .map(|target| (name.clone(), target))
            .map_err(|text| SettingsError::new(format!("target `{name}`: {text}")))
    });
    Ok(Arc::new(SshLogin { authority, targets: targets.collect::<Result<_, _>>()? }))
}

/// The broker.
#[derive(Debug)]
struct SshLogin {
    authority: LoginAuthority,
    targets: BTreeMap<Name, LoginTarget>,
}

/// The serial number of a credential's certificate, by which hosts know it: the low 53 bits of the credential's number,
/// which are random; never 0, which is how a certificate says that it has none.
pub fn ssh_serial(credential: CredentialId) -> u64 {
    let mask = (1_u128 << SERIAL_BITS) - 1;
    u64::try_from(credential.as_u128() & mask).unwrap_or(u64::MAX).max(1)
}

// === impl SshLogin ===

impl SshLogin {
    fn target(&self, name: &Name) -> Result<&LoginTarget, BrokerError> {
        let known = || self.targets.keys().map(Name::as_str).collect::<Vec<_>>().join(", ");
        let unknown = || BrokerError::asker(format!("this broker has no target `{name}`; it has: {}", known()));
        self.targets.get(name).ok_or_else(unknown)
    }

    fn make(&self, order: &Order, chance: Chance) -> Result<Minted, BrokerError> {
        let target = self.target(&order.target)?;
        let key = public_key(order)?;
        if order.expires_at <= chance.now {
            return Err(BrokerError::asker("the time for this certificate is over before it is made: ask again"));
        }
        let choice = target.choose(&order.scope).map_err(BrokerError::asker)?;
        let claims = LoginClaims {
            key,
            serial: ssh_serial(order.credential),
            key_id: key_id(order),
            principals: choice.principals,
            valid_after: seconds(order.at - target.backdated),
            valid_before: seconds(order.expires_at),
            force_command: choice.force_command,
            source_addresses: target.source_addresses.clone(),
            permits: target.permits.clone(),
            session: order.session,
            credential: order.credential,
        };
        let made = self.authority.certify(&claims, &chance.random);
        let certificate = made.map_err(|error| BrokerError::operator(format!("no certificate was made: {error}")))?;
        let Plan { names, handle } = plan(order);
        Ok(Minted {
            secret: Secret::new([("certificate", certificate.to_string())]),
            expires_at: Time::from_unix_millis(order.expires_at.unix_seconds().saturating_mul(1000)),
            names,
            handle,
        })
    }
}

impl Broker for SshLogin {
    fn targets(&self) -> BTreeMap<Name, Target> {
        self.targets.iter().map(|(name, target)| (name.clone(), target.law())).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        self.target(target)?.choose(scope).map(drop).map_err(BrokerError::asker)
    }

    fn plan(&self, order: &Order) -> Plan {
        plan(order)
    }

    fn mint<'a>(&'a self, order: &'a Order, _tools: &'a Tools, chance: Chance) -> Work<'a, Minted> {
        Box::pin(std::future::ready(self.make(order, chance)))
    }

    /// It is dead as soon as writ says so: the list that hosts fetch is made of what writ says.
    fn revoke<'a>(&'a self, _: &'a Order, _: &'a Handle, _: &'a Tools, _: Chance) -> Work<'a, Revocation> {
        Box::pin(std::future::ready(Ok(Revocation::Dead)))
    }

    fn delivery(&self, target: &Name) -> Value {
        let Some(known) = self.targets.get(target) else { return json!({}) };
        json!({ "ssh": {
            "authority": self.authority.public().to_string(),
            "principals": known.principals,
            "hosts": known.hosts,
        } })
    }

    fn shows(&self) -> &'static str {
        "sshd's log (LogLevel VERBOSE) names the certificate of every login: `Accepted certificate ID \"session=… \
         developer=… project=…\" (serial …)`"
    }
}

fn plan(order: &Order) -> Plan {
    let serial = ssh_serial(order.credential);
    Plan {
        names: vec![(ArtifactKind::CertificateSerial, serial.to_string())],
        handle: Some(Handle::json(&json!({ "serial": serial }))),
    }
}

fn public_key(order: &Order) -> Result<SshPublicKey, BrokerError> {
    let line = order.public_key.as_deref();
    let line =
        line.ok_or_else(|| BrokerError::asker("a certificate is for a key: send `public_key`, an Ed25519 one"))?;
    line.parse().map_err(|error| BrokerError::asker(format!("`public_key`: {error}")))
}

/// What sshd's log shows. Spaces part the fields, so a name has none; at most [`TEXT_BYTES_MAX`] bytes.
fn key_id(order: &Order) -> String {
    let plain = |letter: char| {
        let is_plain = letter.is_ascii_alphanumeric() || "@._+-".contains(letter);
        if is_plain { letter } else { '_' }
    };
    let developer: String = order.developer_name.chars().take(limits::DEVELOPER_CHARS_MAX).map(plain).collect();
    let text = format!("session={} developer={developer} project={}", order.session, order.project_name);
    debug_assert!(text.len() <= TEXT_BYTES_MAX, "bounded names make a bounded text");
    text
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time.unix_seconds()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
