//! Who pushes, by what the server's front door proved.
//!
//! | front door | what it leaves in the hook's environment | what it proves |
//! |---|---|---|
//! | web server | `REMOTE_USER`: the session that `/v1/verify` found, or a human | its own check, made before git ran |
//! | sshd with `ExposeAuthInfo yes` | `SSH_USER_AUTH`: a file with the certificate that logged in | the login |
//! | any | the push option `writ.proof`: a token of the session's for this gate | itself |
//!
//! Environment that the pusher can set proves nothing: a server must give pushers no shell (git-shell, or HTTP), and a
//! repository that is pushed to as a folder is open to whoever can write to the folder.

use std::io::Read;

use brokers::ssh::{CERTIFICATE_ALGORITHM, LoginCertificate};
use domain::SessionId;

use crate::cli::ProvenBy;
use crate::limits::PUBLIC_KEY_BYTES_MAX;
use crate::push::question::Identity;
use crate::push::update::Options;

/// Who pushes.
#[derive(Clone)]
pub(super) enum Pusher {
    /// A session.
    Session(Identity),
    /// Somebody whom the front door knows under this name, and who is no session.
    Human(String),
    /// Nothing shows it.
    Unknown,
}

/// Finds out, by the first of these means that says anything.
pub(super) fn of(means: &[ProvenBy], options: &Options, variable: impl Fn(&str) -> Option<String>) -> Pusher {
    means
        .iter()
        .map(|by| one(*by, options, &variable))
        .find(|who| !matches!(who, Pusher::Unknown))
        .unwrap_or(Pusher::Unknown)
}

fn one(by: ProvenBy, options: &Options, variable: &impl Fn(&str) -> Option<String>) -> Pusher {
    match by {
        ProvenBy::RemoteUser => {
            variable("REMOTE_USER").filter(|name| !name.is_empty()).map_or(Pusher::Unknown, remote_user)
        }
        ProvenBy::SshCertificate => variable("SSH_USER_AUTH").map_or(Pusher::Unknown, |path| logged_in(&path)),
        ProvenBy::Token => match &options.proof {
            Some(proof) => Pusher::Session(Identity::Token { proof: proof.clone() }),
            None => Pusher::Unknown,
        },
    }
}

fn remote_user(name: String) -> Pusher {
    match name.parse::<SessionId>() {
        Ok(session) => Pusher::Session(Identity::WebServer { session: session.to_string() }),
        Err(_) => Pusher::Human(name),
    }
}

/// Reads what sshd wrote about the login: sshd_config(5), "ExposeAuthInfo".
fn logged_in(path: &str) -> Pusher {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(PUBLIC_KEY_BYTES_MAX).read_to_string(&mut text));
    if read.is_err() { Pusher::Unknown } else { by_key(&text) }
}

fn by_key(text: &str) -> Pusher {
    let keys: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("publickey ")).collect();
    let certificates = keys.iter().filter(|key| key.starts_with(CERTIFICATE_ALGORITHM));
    let of_session = |certificate: LoginCertificate| {
        let session = certificate.session()?.to_string();
        Some(Identity::Certificate { session, authority: certificate.authority().fingerprint() })
    };
    let session = certificates.filter_map(|key| key.parse().ok()).find_map(of_session);
    match (session, keys.first()) {
        (Some(identity), _) => Pusher::Session(identity),
        (None, Some(_)) => Pusher::Human("the owner of an SSH key".to_owned()),
        (None, None) => Pusher::Unknown,
    }
}

#[cfg(test)]
mod tests;
