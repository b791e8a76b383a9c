//! `writ keys`.

use std::io::{BufRead, IsTerminal, Read};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{SigningKey, read};
use crate::cli::{KeysCommand, RotateKeys};
use crate::client::Client;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::limits::CONSENT_BYTES_MAX;
use crate::output::{Cell, Table, clean, print, print_json_lines, time};

/// `GET /v1/keys`.
#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
    seal: SealKeys,
}

#[derive(Deserialize)]
struct SealKeys {
    #[serde(default)]
    sealing: Option<String>,
    #[serde(default)]
    opening: Vec<String>,
}

/// Lists or replaces keys.
pub(super) async fn keys(command: KeysCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    match command {
        KeysCommand::List { json } => list(&client.get("/v1/keys").await?, json)?,
        KeysCommand::Rotate(how) if how.seal => rotate_seal(&client).await?,
        KeysCommand::Rotate(how) => return rotate(&client, &how).await,
    }
    Ok(Exit::Done)
}

fn list(keys: &Keys, json: bool) -> Result<(), CommandError> {
    if json {
        let seal =
            std::iter::once((&keys.seal.sealing, "active")).filter_map(|(id, standing)| Some((id.as_ref()?, standing)));
        let seal = seal.chain(keys.seal.opening.iter().map(|id| (id, "retired")));
        let seal: Vec<Value> =
            seal.map(|(id, standing)| json!({ "use": "seal", "id": id, "standing": standing })).collect();
        let signing = keys.keys.iter().cloned().map(|mut key| {
            key["use"] = json!("sign");
            key
        });
        return print_json_lines(&signing.chain(seal).collect::<Vec<_>>());
    }
    let mut table = Table::new(["USE", "KEY", "STANDING", "ALGORITHM", "FROM", "PUBLISHED UNTIL"]);
    for key in &keys.keys {
        let key: SigningKey = read(key.clone())?;
        table.row([
            Cell::text("sign"),
            Cell::text(&key.kid),
            Cell::text(&key.standing),
            Cell::text(&key.algorithm),
            Cell::text(time(&key.signs_from)),
            Cell::text(key.published_until.as_deref().map(time).unwrap_or_default()),
        ]);
    }
    let seal = keys.seal.sealing.iter().map(|id| (id, "active"));
    for (id, standing) in seal.chain(keys.seal.opening.iter().map(|id| (id, "retired"))) {
        let seal = [Cell::text("seal"), Cell::text(id), Cell::text(standing), Cell::text("AES-256-GCM")];
        let [used, key, standing, algorithm] = seal;
        table.row([used, key, standing, algorithm, Cell::text(""), Cell::text("")]);
    }
    print(&table.render())
}

async fn rotate(client: &Client, how: &RotateKeys) -> Result<Exit, CommandError> {
    if how.leaked && !how.yes && !is_meant()? {
        eprintln!("no key was replaced");
        return Ok(Exit::Failed);
    }
    let when = match (how.now, how.leaked) {
        (_, true) => "leaked",
        (true, _) => "now",
        _ => "planned",
    };
    let keys: Keys = client.post("/v1/keys/rotate", &json!({ "when": when })).await?;
    let keys = keys.keys.iter().cloned().map(read).collect::<Result<Vec<SigningKey>, _>>()?;
    if let Some(newest) = keys.last() {
        eprintln!("key {} is published and signs from {}", clean(&newest.kid), time(&newest.signs_from));
    }
    match keys.iter().rev().nth(1).and_then(|old| old.published_until.as_deref()) {
        Some(until) => eprintln!("the key before it stays published until {}", time(until)),
        None => eprintln!("all other keys are forgotten: what they signed is refused everywhere within minutes"),
    }
    eprintln!("static files, uploaded keys and pinned thumbprints: bring the new key there before it signs");
    Ok(Exit::Done)
}

async fn rotate_seal(client: &Client) -> Result<(), CommandError> {
    let keys: Keys = client.post("/v1/keys/seal/rotate", &json!({})).await?;
    let newest = keys.seal.sealing.as_deref().map(clean).unwrap_or_default();
    eprintln!("key {newest} seals from now on, and everything in `secrets` is sealed with it");
    eprintln!("back `keys_dir` up: without the new file the database cannot be opened");
    Ok(())
}

/// Asks on a terminal; without one, `--yes` must say so.
fn is_meant() -> Result<bool, CommandError> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(CommandError::usage("forgetting keys cannot be undone, and there is no terminal to ask on")
            .hinted("say so with `--yes`"));
    }
    eprint!("forget all keys? Every writ and token is refused from now on, and sessions need new ones. [y/N] ");
    let mut answer = String::new();
    let read = input.lock().take(CONSENT_BYTES_MAX).read_line(&mut answer);
    read.map_err(|error| CommandError::usage("cannot read the answer").because(&error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
