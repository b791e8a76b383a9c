//! `writ project`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Named, read};
use crate::cli::ProjectCommand;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, print, print_json_lines};

#[derive(Deserialize)]
struct Project {
    id: String,
    name: String,
    #[serde(default)]
    teams: Vec<Named>,
}

/// Manages projects.
pub(super) async fn project(command: ProjectCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    match command {
        ProjectCommand::Add(new) => {
            let body = json!({ "name": new.name, "teams": new.teams });
            let project: Project = client.post("/v1/projects", &body).await?;
            eprintln!("project {} ({}) exists, worked on by {}", clean(&project.name), project.id, teams(&project));
        }
        ProjectCommand::List { json } => {
            let answer: Value = client.get("/v1/projects").await?;
            let rows = answer.get("projects").and_then(Value::as_array).cloned().unwrap_or_default();
            if json {
                print_json_lines(&rows)?;
            } else {
                print(&table(rows)?)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn table(rows: Vec<Value>) -> Result<String, CommandError> {
    let mut table = Table::new(["PROJECT", "TEAMS", "ID"]);
    for row in rows {
        let project: Project = read(row)?;
        table.row([Cell::text(&project.name), Cell::text(teams(&project)), Cell::text(&project.id)]);
    }
    Ok(table.render())
}

fn teams(project: &Project) -> String {
    project.teams.iter().map(|team| clean(&team.name)).collect::<Vec<_>>().join(", ")
}
