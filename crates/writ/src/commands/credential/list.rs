//! `writ credential list` and `revoke`: what lives, what could not be revoked, and until when.

use serde::Deserialize;
use serde_json::json;

use crate::api::{read, rows_of};
use crate::cli::CredentialList;
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, print, print_json_lines, time};

/// Credentials asked for: more than a screen, less than the server's bound.
const LIMIT: u32 = 500;

/// A credential, as the API shows it.
#[derive(Deserialize)]
struct Credential {
    id: String,
    session: String,
    developer: Developer,
    broker: String,
    target: String,
    status: String,
    expires_at: String,
    over_at: Option<String>,
    due: Option<String>,
    trouble: Option<Trouble>,
}

#[derive(Deserialize)]
struct Developer {
    login: String,
}

#[derive(Deserialize)]
struct Trouble {
    attempts: u64,
    error: String,
}

/// Lists credentials.
pub(crate) async fn list(arguments: CredentialList) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let mut path = format!("/v1/credentials?limit={LIMIT}");
    for (name, value) in [("session", &arguments.session), ("broker", &arguments.broker)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", escape(value)));
        }
    }
    for (name, is_wanted) in [("live", arguments.live), ("unrevoked", arguments.unrevoked)] {
        if is_wanted {
            path.push_str(&format!("&{name}=true"));
        }
    }
    let rows = rows_of(&client, &path, "credentials").await?;
    if arguments.json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("{}", if arguments.unrevoked { "nothing waits to be revoked" } else { "no credentials" });
        return Ok(Exit::Done);
    }
    let credentials: Vec<Credential> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    print(&table(&credentials))?;
    Ok(Exit::Done)
}

/// Has a credential revoked.
pub(crate) async fn revoke(id: &str, reason: &str) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let path = format!("/v1/credentials/{}/revoke", escape(id));
    let credential: Credential = client.post(&path, &json!({ "reason": reason })).await?;
    eprintln!(
        "{} is being revoked; if that fails it lives until {}",
        clean(&credential.id),
        time(&credential.expires_at)
    );
    Ok(Exit::Done)
}

fn table(credentials: &[Credential]) -> String {
    let mut table = Table::new(["CREDENTIAL", "SESSION", "DEVELOPER", "OF", "STATUS", "UNTIL", "IN THE WAY"]);
    for one in credentials {
        let status = match &one.due {
            Some(due) => format!("{} ({})", one.status, due.replace('_', " ")),
            None => one.status.clone(),
        };
        let trouble = one.trouble.as_ref().map(|trouble| format!("{} ({} tries)", trouble.error, trouble.attempts));
        table.row([
            Cell::text(&one.id),
            Cell::text(&one.session),
            Cell::text(&one.developer.login),
            Cell::text(format!("{}/{}", one.broker, one.target)),
            Cell::text(status),
            Cell::text(time(one.over_at.as_deref().unwrap_or(&one.expires_at))),
            Cell::text(trouble.unwrap_or_default()),
        ]);
    }
    table.render()
}
