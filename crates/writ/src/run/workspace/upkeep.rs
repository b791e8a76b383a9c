//! While the agent works, old workspaces are kept and removed.

use control::seam::Clock;

use crate::command_error::CommandError;
use crate::workspace::{Bounds, Listed, Root, Workspace, empty_trash, judge, remove};

/// Starts it in a thread that ends with the launcher, whenever that is:
/// what it leaves undone is there for the next.
pub(super) fn start(root: Root) {
    let work = move || {
        empty_trash(&root);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            // What cannot be removed is told by `writ workspace gc`.
            let _ = runtime.block_on(remove_old(&root));
        }
        empty_trash(&root);
    };
    // Without a thread there is no upkeep this time.
    let _ = std::thread::Builder::new().name("writ-upkeep".to_owned()).spawn(work);
}

async fn remove_old(root: &Root) -> Result<(), CommandError> {
    let now = Clock::System.now();
    let (all, _) = Listed::all(root)?;
    let facts: Vec<_> = all.iter().map(Listed::facts).collect();
    for (listed, verdict) in all.iter().zip(judge(&facts, Bounds::default(), now)) {
        if verdict.removes()
            && let Some(mut workspace) = Workspace::take(&listed.folder)?
        {
            // One that cannot be kept does not keep the others from going.
            let _ = remove(root, &mut workspace, now).await;
        }
    }
    Ok(())
}
