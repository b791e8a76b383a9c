//! `writ whoami`.

use crate::api::{Named, Whoami};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{clean, print};

/// Shows who is signed in where, and for which projects.
pub(super) async fn whoami() -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let answer: Whoami = client.get("/v1/whoami").await?;
    let developer = &answer.developer;
    let name = developer.display_name.as_deref().filter(|name| *name != developer.login);
    let mut text = format!("developer  {}", clean(&developer.login));
    if let Some(name) = name {
        text.push_str(&format!(" ({})", clean(name)));
    }
    if let Some(email) = &developer.email {
        text.push_str(&format!("\ne-mail     {}", clean(email)));
    }
    text.push_str(&format!("\nid         {}", developer.id));
    text.push_str(&format!("\nroles      {}", developer.roles.join(", ")));
    text.push_str(&format!("\nteams      {}", names(&answer.teams)));
    text.push_str(&format!("\nprojects   {}", names(&answer.projects)));
    text.push_str(&format!("\nserver     {}\n", client.address()));
    print(&text)?;
    Ok(Exit::Done)
}

fn names(list: &[Named]) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    list.iter().map(|one| clean(&one.name)).collect::<Vec<_>>().join(", ")
}
