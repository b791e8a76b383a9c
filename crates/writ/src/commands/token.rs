//! `writ token`: a session without a launcher, its token kept until the session is over.

use domain::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::api::{Opened, Whoami};
use crate::cli::TokenCommand;
use crate::client::{Client, ClientError};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::inside::Inside;
use crate::memory::Watch;
use crate::output::print;
use crate::run::session::OpenSession;

/// What is kept between two calls: a secret, mode 0600.
#[derive(Serialize, Deserialize)]
struct Kept {
    session: String,
    token: String,
}

/// Prints a live session's token.
pub(super) async fn token(arguments: TokenCommand) -> Result<Exit, CommandError> {
    if let Some(launcher) = Inside::find() {
        return own(&launcher, &arguments);
    }
    let home = Home::find()?;
    let client = home.client(arguments.server.as_deref())?;
    let file = file_name(&client, &arguments);
    if let Some(kept) = home.read::<Kept>(&file)? {
        if is_live(&client, &kept.token).await? {
            print(&format!("{}\n", kept.token))?;
            return Ok(Exit::Done);
        }
        home.remove(&file)?;
    }
    let ask = OpenSession {
        project: arguments.project,
        ttl_seconds: arguments.ttl.as_secs(),
        budget_usd_nanos: arguments.budget.map(domain::Usd::nanos),
        profile: None,
        beats: false,
    };
    Watch::new(&home, client.address(), None)?.check(&client).await?;
    let opened: Opened = client.post("/v1/sessions", &ask).await?;
    home.write(&file, &Kept { session: opened.session.id.clone(), token: opened.token.as_str().to_owned() })?;
    eprintln!("opened session {}; end it with `writ revoke {} --reason …`", opened.session.id, opened.session.id);
    print(&Zeroizing::new(format!("{}\n", opened.token.as_str())))?;
    Ok(Exit::Done)
}

/// The token of the session that this runs in: what starts inside a session stays inside it.
fn own(launcher: &Inside, arguments: &TokenCommand) -> Result<Exit, CommandError> {
    if arguments.project.is_some() || arguments.budget.is_some() || arguments.server.is_some() {
        return Err(CommandError::usage(
            "inside a session `writ token` prints that session's own token, and opens none",
        )
        .hinted("leave `--project`, `--budget` and `--server` out, or start a child session with `writ run`"));
    }
    let bearer = launcher.bearer()?;
    print(&Zeroizing::new(format!("{}\n", bearer.as_str())))?;
    Ok(Exit::Done)
}

/// One file for each server, project and budget.
fn file_name(client: &Client, arguments: &TokenCommand) -> String {
    let project = arguments.project.as_deref().unwrap_or("");
    let budget = arguments.budget.map_or(-1, domain::Usd::nanos);
    let digest = Digest::of(format!("{}\n{project}\n{budget}", client.address()).as_bytes());
    format!("tokens/{}.json", digest.to_string().get(..16).unwrap_or("other"))
}

/// Asks the server, which alone knows about revocation. Not being able to ask is an error, not a new session.
async fn is_live(client: &Client, token: &str) -> Result<bool, CommandError> {
    match client.clone().with_bearer(token).get::<Whoami>("/v1/whoami").await {
        Ok(answer) => Ok(answer.session.is_none_or(|session| matches!(session.status.as_str(), "active" | "suspect"))),
        Err(ClientError::Refused(problem)) if problem.status < 500 => Ok(false),
        Err(error) => Err(error.into()),
    }
}
