//! `writ team`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Developer, read};
use crate::cli::TeamCommand;
use crate::client::{Client, escape, nothing};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, print, print_json_lines};

#[derive(Deserialize)]
struct Team {
    id: String,
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

/// Manages teams.
pub(super) async fn team(command: TeamCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    match command {
        TeamCommand::Add(new) => {
            let team: Team = client.post("/v1/teams", &json!({ "name": new.name })).await?;
            eprintln!("team {} ({}) exists", clean(&team.name), team.id);
        }
        TeamCommand::List { json } => list(&client, json).await?,
        TeamCommand::Join { team, developer } => {
            let team: Team = client.put(&member(&team, &developer), &nothing()).await?;
            eprintln!("{developer} is in team {}", clean(&team.name));
        }
        TeamCommand::Leave { team, developer } => {
            client.delete(&member(&team, &developer)).await?;
            eprintln!("{developer} is not in team {team} any more");
        }
    }
    Ok(Exit::Done)
}

fn member(team: &str, developer: &str) -> String {
    format!("/v1/teams/{}/members/{}", escape(team), escape(developer))
}

async fn list(client: &Client, json: bool) -> Result<(), CommandError> {
    let answer: Value = client.get("/v1/teams").await?;
    let rows = answer.get("teams").and_then(Value::as_array).cloned().unwrap_or_default();
    if json {
        return print_json_lines(&rows);
    }
    let logins = logins(client).await;
    let mut table = Table::new(["TEAM", "MEMBERS", "ID"]);
    for row in rows {
        let team: Team = read(row)?;
        let members = team.members.iter().map(|id| logins.get(id).unwrap_or(id).as_str());
        table.row([Cell::text(&team.name), Cell::text(members.collect::<Vec<_>>().join(", ")), Cell::text(&team.id)]);
    }
    print(&table.render())
}

/// Sign-in names by id; empty (and ids are shown) for those who may not list developers.
async fn logins(client: &Client) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Developers {
        developers: Vec<Developer>,
    }
    match client.get::<Developers>("/v1/developers").await {
        Ok(answer) => answer.developers.into_iter().map(|one| (one.id, one.login)).collect(),
        Err(_) => BTreeMap::new(),
    }
}
