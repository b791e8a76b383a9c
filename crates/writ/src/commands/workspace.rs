//! `writ workspace`.

mod gc;
mod list;

use crate::cli::{WorkspaceCommand, WorkspaceRecover};
use crate::command_error::{CommandError, Exit};
use crate::output::{clean, print};
use crate::workspace::{self, Found, Listed, Owner, Recovered, Root, Source, State, Workspace};
use control::seam::Clock;

/// Runs one of the commands.
pub(super) async fn workspace(command: WorkspaceCommand) -> Result<Exit, CommandError> {
    let root = Root::find()?;
    match command {
        WorkspaceCommand::List { json } => list::list(&root, json).await,
        WorkspaceCommand::Open { session } => open(&root, &session),
        WorkspaceCommand::Recover(arguments) => recover(&root, &arguments).await,
        WorkspaceCommand::Gc(arguments) => gc::gc(&root, &arguments).await,
    }
}

/// A path is printed as it is: it goes into `cd`.
fn open(root: &Root, session: &str) -> Result<Exit, CommandError> {
    let listed = Listed::find(root, session)?;
    if listed.state == State::Missing {
        let record = &listed.record;
        let place = record.repository.display();
        return Err(CommandError::failed(format!("the workspace of session {} was removed by hand", record.owner))
            .hinted(format!("what was kept of it is at {} in `{place}`", record.keep_ref())));
    }
    print(&format!("{}\n", listed.tree().display()))?;
    Ok(Exit::Done)
}

/// Keeps a workspace that was left first, then makes a branch of what is kept.
async fn recover(root: &Root, arguments: &WorkspaceRecover) -> Result<Exit, CommandError> {
    let (source, owner) = match Listed::find(root, &arguments.session) {
        Ok(listed) => {
            keep_now(&listed).await?;
            (source_of(&listed).await?, listed.record.owner.clone())
        }
        // The workspace may be gone: then the whole id says which keep-ref of the repository here is meant.
        Err(error) => match arguments.session.parse::<Owner>() {
            Ok(owner) => (source_here().await?, owner),
            Err(_) => return Err(error),
        },
    };
    let recovered = workspace::recover(&source, &owner, arguments.branch.as_deref()).await?;
    tell(&source, &recovered)
}

async fn keep_now(listed: &Listed) -> Result<(), CommandError> {
    match listed.state {
        State::Live => {
            Err(CommandError::failed(format!("somebody works in the workspace of session {}", listed.record.owner))
                .hinted("wait for its end; its commits can be fetched from it at any time"))
        }
        State::Missing => Ok(()),
        State::Ended | State::Left => {
            let taken = Workspace::take(&listed.folder)?;
            let mut workspace = taken.ok_or_else(|| CommandError::failed("somebody works in it just now"))?;
            workspace::keep(&mut workspace, Clock::System.now()).await.map(drop)
        }
    }
}

async fn source_of(listed: &Listed) -> Result<Source, CommandError> {
    let repository = &listed.record.repository;
    // A working tree that is gone has others beside it.
    if !repository.exists() {
        return source_here().await;
    }
    match Source::find(repository).await? {
        Found::Repository(source) => Ok(*source),
        Found::Nothing(why) => Err(CommandError::failed(format!("`{}`: {why}", repository.display()))),
    }
}

async fn source_here() -> Result<Source, CommandError> {
    let here = std::env::current_dir()
        .map_err(|error| CommandError::failed("cannot tell the current folder").because(&error))?;
    match Source::find(&here).await? {
        Found::Repository(source) => Ok(*source),
        Found::Nothing(why) => Err(CommandError::usage(why).hinted("go into the session's repository")),
    }
}

fn tell(source: &Source, recovered: &Recovered) -> Result<Exit, CommandError> {
    let Recovered { branch, commit, has_changes, others } = recovered;
    let mut text = format!("branch {branch} in {}: {commit}\n", clean(&source.top.to_string_lossy()));
    for (commit, name) in others {
        text.push_str(&format!("also kept: {commit}, which was {}\n", clean(name)));
    }
    print(&text)?;
    eprintln!("hint: git switch {branch}");
    if *has_changes {
        eprintln!("hint: its newest commit is what was not committed; `git reset HEAD^` there makes it changes again");
    }
    Ok(Exit::Done)
}
