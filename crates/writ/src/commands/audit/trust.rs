//! `writ audit trust`.

use crate::cli::Trust;
use crate::command_error::{CommandError, Exit};
use crate::credentials::{Home, address};
use crate::memory::{Remembered, Watch};
use crate::output::{clean, moment, print};

/// Shows, pins or forgets what is remembered of a log.
pub(super) async fn trust(arguments: Trust) -> Result<Exit, CommandError> {
    let home = Home::find()?;
    let server = match arguments.server {
        Some(url) => url,
        None => home.credentials()?.map(|credentials| credentials.server).ok_or_else(|| {
            CommandError::usage("not signed in, so which server is meant?").hinted("name it with --server URL")
        })?,
    };
    let server = address(&server)?;
    let watch = Watch::new(&home, &server, None)?;
    if arguments.forget {
        let was_there = watch.forget()?;
        let what = if was_there { "forgot the log of" } else { "nothing was remembered of the log of" };
        eprintln!("{what} {server}");
        return Ok(Exit::Done);
    }
    if let Some(key) = arguments.pin {
        watch.pin(key)?;
    }
    let policy = watch.policy().map(|(path, policy)| {
        let asked = if policy.asks_for_witnesses() { "a quorum of them" } else { "none of them" };
        format!("{}: {} witnesses, {asked} has to cosign", path.display(), policy.witnesses().len())
    });
    let policy = policy.unwrap_or_else(|| "none: the key is trusted on first use".to_owned());
    print(&format!("server      {server}\n{}policy      {policy}\n", shown(watch.remembered()?.as_ref())))?;
    Ok(Exit::Done)
}

fn shown(remembered: Option<&Remembered>) -> String {
    let Some(known) = remembered else { return "log key     none yet\n".to_owned() };
    let mut text = format!("log key     {}\n", clean(&known.key.to_string()));
    match &known.checkpoint {
        Some(seen) => {
            let (size, root) = (seen.size(), seen.root());
            text.push_str(&format!("checkpoint  {size} entries, root {root}, seen {}\n", moment(known.at)));
        }
        None => text.push_str("checkpoint  none yet\n"),
    }
    text
}
