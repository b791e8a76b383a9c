//! The hook `pre-receive`: githooks(5). It answers with its exit code; what it says goes to whoever pushes.

use std::io::Read;

use super::admitted;
use super::identity::{self, Pusher};
use super::settings::{Settings, Unproven};
use crate::command_error::{CommandError, Exit};
use crate::push::changes;
use crate::push::check::Asking;
use crate::push::limits::{OPTIONS_MAX, UPDATES_BYTES_MAX, UPDATES_MAX};
use crate::push::question::{Identity, Question};
use crate::push::repository::Repository;
use crate::push::update::{Options, Strange, Update};
use crate::push::verdict::{Refused, Verdict};

/// Decides about the push that git runs this hook for.
///
/// # Errors
/// The hook is not set up: the push is refused then too.
pub(crate) async fn pre_receive() -> Result<Exit, CommandError> {
    let repository = Repository::of_hook().map_err(|error| CommandError::usage(error.to_string()))?;
    let settings = Settings::of(repository.folder())?;
    let verdict = decide(&repository, &settings).await.unwrap_or_else(Verdict::Refused);
    match verdict {
        Verdict::Admitted { .. } => Ok(Exit::Done),
        Verdict::Refused(refused) => {
            refused.lines().iter().for_each(|line| eprintln!("{line}"));
            Ok(Exit::Refused)
        }
    }
}

/// Says that what git took has arrived. It is done whatever comes of this.
///
/// # Errors
/// The hook is not set up.
pub(crate) async fn post_receive() -> Result<Exit, CommandError> {
    let repository = Repository::of_hook().map_err(|error| CommandError::usage(error.to_string()))?;
    let settings = Settings::of(repository.folder())?;
    let Ok(text) = listed(std::io::stdin()) else { return Ok(Exit::Done) };
    if let (Some(position), Ok(client)) = (admitted::take(repository.folder(), &text), settings.client()) {
        Asking(client).landed(position).await;
    }
    Ok(Exit::Done)
}

async fn decide(repository: &Repository, settings: &Settings) -> Result<Verdict, Refused> {
    let options = options(|name| std::env::var(name).ok()).map_err(Refused::unreadable)?;
    let listed = listed(std::io::stdin()).map_err(Refused::unreadable)?;
    let updates = updates(&listed).map_err(Refused::unreadable)?;
    let Some(identity) = who(settings, &options)? else { return Ok(Verdict::Admitted { position: None }) };
    let changes = changes::of(repository, &updates).await.map_err(Refused::unreadable)?;
    let question = Question::new(identity, &settings.repository, &updates, &options, changes);
    let client = settings.client().map_err(Refused::unanswered)?;
    let verdict = Asking(client).check(&question).await;
    if let Verdict::Admitted { position: Some(position) } = verdict
        && let Err(error) = admitted::note(repository.folder(), &listed, position)
    {
        // Then its locks rest for a minute when they are let go.
        tracing::debug!(%error, "that a push was admitted cannot be noted");
    }
    Ok(verdict)
}

/// The session that pushes; none where it is somebody whom the locks of sessions do not concern.
fn who(settings: &Settings, options: &Options) -> Result<Option<Identity>, Refused> {
    match identity::of(&settings.proven_by, options, |name| std::env::var(name).ok()) {
        Pusher::Session(identity) => Ok(Some(identity)),
        // Git inside a session says so by itself: with a human's credential it went a way around writ.
        Pusher::Human(name) if options.session.is_some() => Err(Refused::unproven(
            format!("this push says it is of a session, and came with the credential of {name}"),
            "push with the session's own credential: git inside `writ run` has it, when its project is granted this server",
        )),
        Pusher::Human(_) => Ok(None),
        Pusher::Unknown if settings.unproven == Unproven::Allow && options.session.is_none() => Ok(None),
        Pusher::Unknown => Err(Refused::unproven(
            "nothing shows who pushes: naming a session in a push option proves nothing",
            "push inside `writ run` over the server's usual address, or bring a token of the session for this server in \
             the setting push.pushOption: writ.proof=TOKEN",
        )),
    }
}

/// The options of the push: githooks(5), "pre-receive".
fn options(variable: impl Fn(&str) -> Option<String>) -> Result<Options, Strange> {
    let count = variable("GIT_PUSH_OPTION_COUNT").unwrap_or_else(|| "0".to_owned());
    let count: usize = count.parse().map_err(|_| Strange("git's push options are not understood".to_owned()))?;
    if count > OPTIONS_MAX {
        return Err(Strange(format!("this push has {count} options, the limit is {OPTIONS_MAX}")));
    }
    let given: Vec<String> = (0..count).filter_map(|index| variable(&format!("GIT_PUSH_OPTION_{index}"))).collect();
    if given.len() < count {
        return Err(Strange("a push option is missing, or is not UTF-8".to_owned()));
    }
    Options::read(given.iter().map(String::as_str))
}

/// The list of refs, as git tells it to a hook.
fn listed(from: impl Read) -> Result<Vec<u8>, Strange> {
    let mut text = Vec::new();
    let read = from.take(UPDATES_BYTES_MAX + 1).read_to_end(&mut text);
    read.map_err(|error| Strange(format!("git's list of refs cannot be read: {error}")))?;
    Ok(text)
}

fn updates(text: &[u8]) -> Result<Vec<Update>, Strange> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    if text.len() as u64 > UPDATES_BYTES_MAX || lines.len() > UPDATES_MAX {
        return Err(Strange(format!("one push updates at most {UPDATES_MAX} refs; push in parts")));
    }
    lines.into_iter().map(Update::parse).collect()
}

#[cfg(test)]
mod tests;
