//! Git over HTTP: a credential helper for the servers of the targets, in place of whatever helpers the developer has, so that
//! a keychain's password is not given where the session's credential is meant.

use std::ffi::OsString;

use super::{Prepared, Site, Unprepared, Wired};
use crate::git::remotes::{Remote, Remotes};
use crate::run::gates::Gate;

/// The dimension of a scope that names repositories, as brokers of git servers spell it.
const REPOSITORIES: &str = "repositories";

/// Prepares it for all targets that have it; one that is not understood does not keep the others from it.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let (remotes, strange) = remotes(wired);
    let note = site.folder.path().join("git-remotes.json");
    let text = serde_json::to_string(&remotes).map_err(|error| Unprepared(error.to_string()))?;
    site.write(&note, &text)?;
    let helper = site.helper("git", &["--map", &note.to_string_lossy()]);
    prepared.git.extend(settings(&remotes, &helper));
    let gates = remotes.iter().filter_map(Remote::gate);
    prepared.gates.extend(gates.map(|(prefix, called)| Gate { prefix, called: Some(called) }));
    // Nobody is asked for a password in place of the helper, by a terminal or a program (an editor's, for instance).
    prepared.set("GIT_TERMINAL_PROMPT", "0");
    prepared.set("GIT_ASKPASS", "");
    strange.map_or(Ok(()), Err)
}

fn remotes(wired: &[Wired<'_>]) -> (Remotes, Option<Unprepared>) {
    let (mut remotes, mut strange) = (Remotes::default(), None);
    for one in wired {
        let granted = one.grant.scope.get(REPOSITORIES);
        match Remote::new(&one.grant.broker, &one.grant.target, one.how, granted) {
            Ok(remote) => remotes.push(remote),
            Err(error) => strange = Some(Unprepared::strange(one, error.as_ref())),
        }
    }
    (remotes, strange)
}

/// An empty helper drops those before it (gitcredentials(7)), the ones of a single host included.
fn settings(remotes: &Remotes, helper: &[OsString]) -> Vec<(String, OsString)> {
    let mut settings = vec![
        ("credential.helper".to_owned(), OsString::new()),
        ("credential.helper".to_owned(), format!("!{}", Site::shell(helper)).into()),
        ("credential.useHttpPath".to_owned(), "true".into()),
    ];
    for (base, over_ssh) in remotes.iter().filter_map(Remote::rewrites) {
        settings.extend(over_ssh.map(|address| (format!("url.{base}.insteadOf"), address.into())));
    }
    settings
}

#[cfg(test)]
mod tests;
