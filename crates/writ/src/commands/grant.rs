//! `writ grant`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::api::{read, rows_of};
use crate::cli::{GrantCommand, GrantSet};
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, print, print_json_lines};

/// A grant, as the API shows it.
#[derive(Deserialize)]
struct Grant {
    broker: String,
    target: String,
    profile: Option<String>,
    scope: BTreeMap<String, Vec<String>>,
    max_lifetime_seconds: u64,
    lock: Option<String>,
}

/// Gives and takes grants, or lists them.
pub(super) async fn grant(command: GrantCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    match command {
        GrantCommand::Set(arguments) => set(&client, arguments).await,
        GrantCommand::List { project, json } => list(&client, &project, json).await,
        GrantCommand::Remove { project, name, profile } => {
            let of = profile.map(|profile| format!("?profile={}", escape(&profile))).unwrap_or_default();
            client.delete(&format!("{}{of}", path(&project, &name.broker, &name.target))).await?;
            eprintln!("{project} is not granted {}/{} any more", name.broker, name.target);
            Ok(Exit::Done)
        }
    }
}

async fn set(client: &Client, arguments: GrantSet) -> Result<Exit, CommandError> {
    let mut scope: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (dimension, values) in arguments.scope {
        scope.entry(dimension).or_default().extend(values);
    }
    let mut body = json!({ "scope": scope });
    if let Some(profile) = arguments.profile {
        body["profile"] = profile.into();
    }
    if let Some(life) = arguments.max_lifetime {
        body["max_lifetime_seconds"] = life.as_secs().into();
    }
    if let Some(lock) = arguments.lock {
        body["lock"] = lock.into();
    }
    let path = path(&arguments.project, &arguments.name.broker, &arguments.name.target);
    let grant: Grant = client.put(&path, &body).await?;
    print(&table(&[grant]))?;
    Ok(Exit::Done)
}

async fn list(client: &Client, project: &str, json: bool) -> Result<Exit, CommandError> {
    let rows = rows_of(client, &format!("/v1/projects/{}/grants", escape(project)), "grants").await?;
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("sessions of {project} are granted nothing");
        return Ok(Exit::Done);
    }
    let grants: Vec<Grant> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    print(&table(&grants))?;
    Ok(Exit::Done)
}

fn table(grants: &[Grant]) -> String {
    let mut table = Table::new(["GRANT", "PROFILE", "SCOPE", "AT MOST", "NEEDS THE LOCK"]);
    for grant in grants {
        let scope: Vec<_> = grant.scope.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
        table.row([
            Cell::text(format!("{}/{}", grant.broker, grant.target)),
            Cell::text(grant.profile.as_deref().unwrap_or("all")),
            Cell::text(if scope.is_empty() { "the target's own".to_owned() } else { scope.join(" ") }),
            Cell::text(domain::Span::from_secs(grant.max_lifetime_seconds).to_string()),
            Cell::text(grant.lock.as_deref().unwrap_or("none")),
        ]);
    }
    table.render()
}

fn path(project: &str, broker: &str, target: &str) -> String {
    format!("/v1/projects/{}/grants/{}/{}", escape(project), escape(broker), escape(target))
}
