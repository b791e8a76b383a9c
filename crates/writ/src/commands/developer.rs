//! `writ developer`.

use domain::Role;
use serde_json::{Value, json};

use crate::api::{Developer, read};
use crate::cli::{DeveloperCommand, NewDeveloper};
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, print, print_json_lines};
use crate::password;

/// Manages developers.
pub(super) async fn developer(command: DeveloperCommand) -> Result<Exit, CommandError> {
    match command {
        DeveloperCommand::Add(new) => add(new).await?,
        DeveloperCommand::List { json } => list(json).await?,
        DeveloperCommand::Roles { developer, roles } => {
            let path = format!("/v1/developers/{}/roles", escape(&developer));
            let client = Home::find()?.client(None)?;
            said(&client.put(&path, &json!({ "roles": names(&roles) })).await?);
        }
        DeveloperCommand::Disable { developer, reason } => {
            let path = format!("/v1/developers/{}/disable", escape(&developer));
            let client = Home::find()?.client(None)?;
            said(&client.post(&path, &json!({ "reason": reason })).await?);
        }
    }
    Ok(Exit::Done)
}

async fn add(new: NewDeveloper) -> Result<(), CommandError> {
    let client = Home::find()?.client(None)?;
    let prompt = format!("first password for {}: ", new.login);
    let password = password::read(&prompt, new.password_stdin, true)?;
    let body = json!({
        "login": new.login,
        "password": password,
        "display_name": new.name,
        "email": new.email,
        "roles": names(&new.roles),
    });
    said(&client.post("/v1/developers", &body).await?);
    Ok(())
}

async fn list(json: bool) -> Result<(), CommandError> {
    let client = Home::find()?.client(None)?;
    let answer: Value = client.get("/v1/developers").await?;
    let rows = answer.get("developers").and_then(Value::as_array).cloned().unwrap_or_default();
    if json {
        return print_json_lines(&rows);
    }
    let mut table = Table::new(["LOGIN", "NAME", "E-MAIL", "ROLES", "STATUS", "ID"]);
    for row in rows {
        let developer: Developer = read(row)?;
        table.row([
            Cell::text(&developer.login),
            Cell::text(developer.display_name.as_deref().unwrap_or("")),
            Cell::text(developer.email.as_deref().unwrap_or("")),
            Cell::text(developer.roles.join(", ")),
            Cell::text(status(&developer)),
            Cell::text(&developer.id),
        ]);
    }
    print(&table.render())
}

fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

fn status(developer: &Developer) -> &'static str {
    match developer {
        Developer { erased_at: Some(_), .. } => "erased",
        Developer { disabled: true, .. } => "disabled",
        _ => "active",
    }
}

fn said(developer: &Developer) {
    eprintln!(
        "developer {} ({}) is {}, roles {}",
        clean(&developer.login),
        developer.id,
        status(developer),
        developer.roles.join(", ")
    );
}
