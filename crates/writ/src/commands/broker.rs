//! `writ broker`.

mod krl;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::api::{read, rows_of};
use crate::cli::{BrokerCommand, BrokerSet};
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::limits::{BROKER_SECRET_BYTES_MAX, BROKER_SETTINGS_FILE_BYTES_MAX};
use crate::output::{Cell, Table, clean, print, print_json_lines};

/// A broker, as the API shows it.
#[derive(Deserialize)]
struct Broker {
    name: String,
    kind: String,
    enabled: bool,
    #[serde(default)]
    alive: u64,
    #[serde(default)]
    shows: Option<String>,
    #[serde(default)]
    settings: Value,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    tried: Vec<Tried>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    life_default_seconds: u64,
    life_max_seconds: u64,
    revocable: bool,
}

#[derive(Deserialize)]
struct Tried {
    target: String,
    revoked: bool,
}

/// What is sent; its secrets are wiped when it is dropped.
#[derive(Serialize)]
struct Configure<'a> {
    kind: &'a str,
    settings: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<BTreeMap<String, Zeroizing<String>>>,
}

/// Configures brokers, or looks at them.
pub(super) async fn broker(command: BrokerCommand) -> Result<Exit, CommandError> {
    if let BrokerCommand::Krl(arguments) = command {
        // Hosts have no sign-in.
        return krl::krl(arguments).await;
    }
    let client = Home::find()?.client(None)?;
    match command {
        BrokerCommand::Set(arguments) => set(&client, arguments).await,
        BrokerCommand::List { json } => list(&client, json).await,
        BrokerCommand::Show { name, json } => show(&client, &name, json).await,
        BrokerCommand::Test { name } => told_tried(client.post(&format!("{}/test", path(&name)), &json!({})).await?),
        BrokerCommand::Disable { name, reason } => switch(&client, &name, "disable", &reason).await,
        BrokerCommand::Enable { name, reason } => switch(&client, &name, "enable", &reason).await,
        BrokerCommand::Remove { name } => {
            client.delete(&path(&name)).await?;
            eprintln!("removed broker {name}");
            Ok(Exit::Done)
        }
        BrokerCommand::Krl(arguments) => krl::krl(arguments).await,
    }
}

async fn set(client: &Client, arguments: BrokerSet) -> Result<Exit, CommandError> {
    let settings = settings(&arguments.settings)?;
    let mut secrets = BTreeMap::new();
    for (name, file) in &arguments.secrets {
        secrets.insert(name.clone(), secret(file)?);
    }
    let secrets = (!secrets.is_empty()).then_some(secrets);
    let configure = Configure { kind: &arguments.kind, settings, secrets };
    told_tried(client.put(&path(arguments.name.as_str()), &configure).await?)
}

fn told_tried(broker: Broker) -> Result<Exit, CommandError> {
    for tried in &broker.tried {
        let how = if tried.revoked {
            "a credential was made and ended again"
        } else {
            "a credential was made; nothing ends one before it expires"
        };
        print(&format!("{}/{}: {how}\n", clean(&broker.name), clean(&tried.target)))?;
    }
    Ok(Exit::Done)
}

async fn list(client: &Client, json: bool) -> Result<Exit, CommandError> {
    let rows = rows_of(client, "/v1/brokers", "brokers").await?;
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("no brokers");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["BROKER", "KIND", "STATE", "TARGETS", "ALIVE"]);
    for row in rows {
        let broker: Broker = read(row)?;
        let targets: Vec<_> = broker.targets.iter().map(|target| target.name.as_str()).collect();
        table.row([
            Cell::text(&broker.name),
            Cell::text(&broker.kind),
            Cell::text(if broker.enabled { "on" } else { "OFF" }),
            Cell::text(targets.join(" ")),
            Cell::number(broker.alive),
        ]);
    }
    print(&table.render())?;
    Ok(Exit::Done)
}

async fn show(client: &Client, name: &str, json: bool) -> Result<Exit, CommandError> {
    let answer: Value = client.get(&path(name)).await?;
    if json {
        print_json_lines([&answer])?;
        return Ok(Exit::Done);
    }
    let broker: Broker = read(answer)?;
    let state = if broker.enabled { "on" } else { "OFF" };
    let mut text = format!(
        "broker     {}\nkind       {}\nstate      {state}\nalive      {} credentials\n",
        clean(&broker.name),
        clean(&broker.kind),
        broker.alive
    );
    if let Some(shows) = &broker.shows {
        text.push_str(&format!("its log    {}\n", clean(shows)));
    }
    let mut table = Table::new(["TARGET", "LIFE", "AT MOST", "CAN BE REVOKED"]);
    let life = |seconds| domain::Span::from_secs(seconds).to_string();
    for target in &broker.targets {
        table.row([
            Cell::text(&target.name),
            Cell::text(life(target.life_default_seconds)),
            Cell::text(life(target.life_max_seconds)),
            Cell::text(if target.revocable { "yes" } else { "no" }),
        ]);
    }
    let settings = serde_json::to_string_pretty(&broker.settings).unwrap_or_default();
    print(&format!("{text}\n{}\n{settings}\n", table.render()))?;
    Ok(Exit::Done)
}

async fn switch(client: &Client, name: &str, to: &str, reason: &str) -> Result<Exit, CommandError> {
    let broker: Broker = client.post(&format!("{}/{to}", path(name)), &json!({ "reason": reason })).await?;
    if broker.enabled {
        eprintln!("broker {} is on", clean(&broker.name));
    } else {
        eprintln!("broker {} is off; {} credentials are being revoked", clean(&broker.name), broker.alive);
    }
    Ok(Exit::Done)
}

fn path(name: &str) -> String {
    format!("/v1/brokers/{}", escape(name))
}

fn settings(file: &Path) -> Result<Value, CommandError> {
    let text = bounded(file, BROKER_SETTINGS_FILE_BYTES_MAX)?;
    let strange = |error: &dyn std::error::Error| {
        CommandError::usage(format!("`{}` cannot be read as settings", file.display())).because(error)
    };
    if file.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str(&text).map_err(|error| strange(&error));
    }
    toml::from_str::<Value>(&text).map_err(|error| strange(&error))
}

fn secret(file: &Path) -> Result<Zeroizing<String>, CommandError> {
    let text = bounded(file, BROKER_SECRET_BYTES_MAX)?;
    let plain = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Zeroizing::new(plain.strip_suffix('\r').unwrap_or(plain).to_owned()))
}

pub(super) fn bounded(file: &Path, max: u64) -> Result<Zeroizing<String>, CommandError> {
    let failed =
        |error: std::io::Error| CommandError::failed(format!("cannot read `{}`", file.display())).because(&error);
    let mut text = Zeroizing::new(String::new());
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(max + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > max {
        return Err(CommandError::usage(format!("`{}` has more than {max} bytes", file.display())));
    }
    Ok(text)
}
