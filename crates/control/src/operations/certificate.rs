//! Certificates: a session's key is certified for signing commits, for no longer than the session lives.

use brokers::ssh::{Certificate, CertificateClaims, SshPublicKey};
use domain::certificate::{Issue, Issued, Purpose};
use domain::{Command, DeveloperId, Event, Name, SessionId, Time};

use crate::error::Error;
use crate::limits::{CERTIFICATE_BACKDATED, CERTIFICATE_LIFE_MAX};
use crate::plane::{Asker, ControlPlane};
use crate::seam;

/// Serial numbers have 53 bits, so that every JSON reader keeps them exactly.
const SERIAL_BITS: u32 = 53;

/// Certifies a session's key for signing commits. The entry that says so is durable before the certificate exists.
///
/// # Errors
/// When the law refuses: the asker is not the session, or the session is over, suspect or has too many. When the key is
/// not an Ed25519 key.
pub async fn issue(
    plane: &ControlPlane,
    asker: Asker,
    session: SessionId,
    public_key: &str,
) -> Result<Certificate, Error> {
    let key: SshPublicKey = public_key.parse().map_err(Error::invalid)?;
    let issue = Issue {
        session,
        serial: u64::from_le_bytes(seam::random()) >> (u64::BITS - SERIAL_BITS),
        purpose: Purpose::GitSigning,
        key: key.fingerprint(),
        valid_until: plane.clock.now() + CERTIFICATE_LIFE_MAX,
    };
    let receipt = plane.propose(asker, Command::IssueCertificate(issue)).await?;
    let issued = receipt.events.into_iter().find_map(|event| match event {
        Event::CertificateIssued(issued) => Some(issued),
        _ => None,
    });
    // INVARIANT: an accepted IssueCertificate always issues.
    let issued = issued.ok_or_else(|| Error::Unavailable("the certificate was not issued".to_owned()))?;
    let claims = claims(plane, key, &issued, receipt.at)?;
    let made = plane.ssh_authority.certify(&claims, &seam::random());
    made.map_err(|error| Error::Unavailable(error.to_string()))
}

fn claims(plane: &ControlPlane, key: SshPublicKey, issued: &Issued, at: Time) -> Result<CertificateClaims, Error> {
    let session = issued.session;
    let (developer, project) = plane.view.read(|state| {
        let live = state.live_session(session)?;
        let project = live.project.and_then(|id| state.projects.get(&id)).map(|project| project.name.to_string());
        Ok::<_, domain::Refusal>((live.developer, project))
    })?;
    let host = public_host(&plane.public_url);
    let seconds = |time: Time| u64::try_from(time.unix_seconds()).unwrap_or_default();
    Ok(CertificateClaims {
        key,
        serial: issued.serial,
        key_id: format!("writ:session={session};dev={developer};project={}", project.as_deref().unwrap_or("-")),
        principals: vec![human(plane, developer, &host), format!("{session}@{host}")],
        valid_after: seconds(at - CERTIFICATE_BACKDATED),
        valid_before: seconds(issued.valid_until),
        session,
    })
}

/// Whom git shows as the signer: the sign-in name at this control plane; the id of somebody whose name is not known.
fn human(plane: &ControlPlane, developer: DeveloperId, host: &str) -> String {
    let login: Option<Name> = plane.people.login(developer).parse().ok();
    login.map_or_else(|| format!("{developer}@{host}"), |login| format!("{login}@{host}"))
}

/// Host of a URL, without port, and without the brackets of an IPv6 address.
fn public_host(url: &str) -> String {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_host_is_what_comes_after_the_at_sign() {
        for (url, host) in [
            ("https://writ.example.com", "writ.example.com"),
            ("http://127.0.0.1:4711", "127.0.0.1"),
            ("https://writ.example.com:8443/team", "writ.example.com"),
            ("http://[::1]:80", "::1"),
        ] {
            assert_eq!(super::public_host(url), host);
        }
    }
}
