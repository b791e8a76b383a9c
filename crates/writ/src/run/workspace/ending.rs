//! The end of a workspace: what was made in it is kept.

use control::seam::Clock;
use domain::Time;

use crate::command_error::CommandError;
use crate::output::clean;
use crate::workspace::{self, Kept, Root, Workspace};

/// Keeps what was made in a workspace, says where if `is_told`, and removes it if nothing was.
pub(in crate::run) async fn finish(root: &Root, workspace: &mut Workspace, is_told: bool) {
    let now = Clock::System.now();
    match workspace::keep(workspace, now).await {
        Ok(kept) => {
            if is_told {
                tell(workspace, &kept);
            }
            if let Err(error) = settle(root, workspace, &kept, now).await {
                eprintln!("writ: {}", clean(&error.sentence()));
            }
        }
        Err(error) => {
            eprintln!("writ: the work is not kept: {}", clean(&error.sentence()));
            eprintln!("writ: it is still in {}", clean(&workspace.tree().to_string_lossy()));
        }
    }
}

/// A workspace in which nothing happened goes at once, if nobody needs it; any other stays for a while to be looked at.
async fn settle(root: &Root, workspace: &mut Workspace, kept: &Kept, now: Time) -> Result<(), CommandError> {
    if kept.commit.is_some() || workspace.is_in_use() || workspace.is_borrowed_from(root)? {
        return workspace.end(now);
    }
    workspace::remove(root, workspace, now).await.map(drop)
}

fn tell(workspace: &Workspace, kept: &Kept) {
    let record = &workspace.record;
    for (branch, commits) in &kept.branches {
        eprintln!("writ: branch   {branch} in your repository, {}", plural(*commits, "commit"));
    }
    for note in &kept.notes {
        eprintln!("writ: {}", clean(note));
    }
    let is_more = kept.commit.is_some() && (kept.has_more || kept.branches.is_empty());
    if is_more {
        let files = match kept.changed_files {
            0 => "what is on no branch".to_owned(),
            count => plural(count, "changed file"),
        };
        let name = record.owner.short();
        eprintln!("writ: kept     {files} at {}; writ workspace recover {name}", record.keep_ref());
    }
    if kept.commit.is_none() && record.owner.part.is_none() {
        eprintln!("writ: work     nothing changed");
    }
}

/// `1 file`, `2 files`.
pub(in crate::run) fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
