//! `writ issuer`.

mod export;
mod setup;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{SigningKey, Whoami, read};
use crate::cli::{IssuerCommand, RelyingPartyKind, ShowIssuer};
use crate::client::Client;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, print, print_json_lines, time};
use setup::{Party, Piece};

/// `GET /v1/issuer`.
#[derive(Deserialize)]
struct Issuer {
    issuer: String,
    #[serde(default)]
    x5c: bool,
    #[serde(default)]
    keys: Vec<Value>,
    #[serde(default)]
    audiences: Vec<Audience>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// A relying party, as the API shows it.
#[derive(Clone, Deserialize)]
struct Audience {
    audience: String,
    kind: String,
    subject: String,
    #[serde(default)]
    warnings: Vec<String>,
}

/// Shows the issuer, or exports it.
pub(super) async fn issuer(command: IssuerCommand) -> Result<Exit, CommandError> {
    match command {
        IssuerCommand::Show(arguments) => show(arguments).await,
        IssuerCommand::Export(arguments) => export::export(&arguments).await,
    }
}

async fn show(arguments: ShowIssuer) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let issuer: Issuer = client.get("/v1/issuer").await?;
    let keys = issuer.keys.iter().cloned().map(read).collect::<Result<Vec<SigningKey>, _>>()?;
    let project = match &arguments.project {
        Some(name) => Some((name.clone(), project_id(&client, name).await?)),
        None => None,
    };
    let audiences = wanted(&issuer, arguments.kind);
    let parties = audiences.iter().map(|audience| Party {
        issuer: &issuer.issuer,
        audience: &audience.audience,
        kind: &audience.kind,
        subject: filled(&audience.subject, project.as_ref(), &arguments.profile),
        thumbprints: keys.iter().map(|key| key.thumbprint.as_str()).collect(),
    });
    let parties: Vec<Party<'_>> = parties.collect();
    if arguments.json {
        print_json_lines([&as_json(&issuer, &audiences, &parties)])?;
    } else {
        print(&as_text(&issuer, &keys, &parties))?;
    }
    warn(&issuer, &audiences, arguments.kind);
    Ok(Exit::Done)
}

/// The configured ones, or those of a kind, or one of that kind as it would be.
fn wanted(issuer: &Issuer, kind: Option<RelyingPartyKind>) -> Vec<Audience> {
    let Some(kind) = kind.map(RelyingPartyKind::as_str) else { return issuer.audiences.clone() };
    let found: Vec<Audience> = issuer.audiences.iter().filter(|audience| audience.kind == kind).cloned().collect();
    if !found.is_empty() {
        return found;
    }
    let subject = brokers::SubjectTemplate::default().to_string();
    vec![Audience { audience: setup::usual_audience(kind), kind: kind.to_owned(), subject, warnings: Vec::new() }]
}

/// The subject of a session of this project, as far as it is known; what is not stands there in capital letters.
fn filled(template: &str, project: Option<&(String, String)>, profile: &str) -> String {
    let (name, id) = project.map_or(("PROJECT_NAME", "PROJECT_ID"), |(name, id)| (name.as_str(), id.as_str()));
    template
        .replace("{project.id}", id)
        .replace("{project.name}", name)
        .replace("{profile}", profile)
        .replace("{developer.id}", "DEVELOPER_ID")
        .replace("{session.id}", "SESSION_ID")
        .replace("{team.id}", "TEAM_ID")
}

async fn project_id(client: &Client, name: &str) -> Result<String, CommandError> {
    let whoami: Whoami = client.get("/v1/whoami").await?;
    let found = whoami.projects.into_iter().find(|project| project.name == name || project.id == name);
    found.map(|project| project.id).ok_or_else(|| {
        CommandError::failed(format!("no project `{name}` of yours")).hinted("`writ whoami` lists your projects")
    })
}

fn as_text(issuer: &Issuer, keys: &[SigningKey], parties: &[Party<'_>]) -> String {
    let address = clean(&issuer.issuer);
    let certificates = if issuer.x5c { "published" } else { "not published (`x5c` in `[issuer]`)" };
    let mut text = format!("issuer        {address}\n");
    text.push_str(&format!("discovery     {address}/.well-known/openid-configuration\n"));
    text.push_str(&format!("keys          {address}/.well-known/jwks.json\n"));
    text.push_str(&format!("certificates  {certificates}\n\n"));
    let mut table = Table::new(["KEY", "STANDING", "ALGORITHM", "SIGNS FROM", "THUMBPRINT"]);
    for key in keys {
        table.row([
            Cell::text(&key.kid),
            Cell::text(&key.standing),
            Cell::text(&key.algorithm),
            Cell::text(time(&key.signs_from)),
            Cell::text(&key.thumbprint),
        ]);
    }
    text.push_str(&table.render());
    for party in parties {
        text.push_str(&format!("\n# {} ({})\nsubject  {}\n", clean(party.audience), party.kind, clean(&party.subject)));
        for Piece { title, text: piece } in party.pieces() {
            text.push_str(&format!("\n{title}:\n\n{piece}\n"));
        }
    }
    text
}

fn as_json(issuer: &Issuer, audiences: &[Audience], parties: &[Party<'_>]) -> Value {
    let audiences = audiences.iter().zip(parties).map(|(audience, party)| {
        let setup: Map<String, Value> =
            party.pieces().into_iter().map(|piece| (piece.title.to_owned(), Value::String(piece.text))).collect();
        json!({
            "audience": audience.audience,
            "kind": audience.kind,
            "subject": audience.subject,
            "subject_filled": party.subject,
            "setup": setup,
        })
    });
    json!({
        "issuer": issuer.issuer,
        "x5c": issuer.x5c,
        "keys": issuer.keys,
        "audiences": audiences.collect::<Vec<_>>(),
    })
}

fn warn(issuer: &Issuer, audiences: &[Audience], kind: Option<RelyingPartyKind>) {
    for warning in &issuer.warnings {
        eprintln!("note: of the issuer's address: {}", clean(warning));
    }
    for audience in audiences {
        for warning in &audience.warnings {
            eprintln!("note: of the subject for {}: {}", clean(&audience.audience), clean(warning));
        }
        let is_configured = issuer.audiences.iter().any(|known| known.audience == audience.audience);
        if !is_configured {
            eprintln!("note: not configured yet: add it to `[[issuer.audiences]]` with `kind = \"{}\"`", audience.kind);
        }
    }
    if issuer.audiences.is_empty() && kind.is_none() {
        eprintln!("note: no audience is configured; see what one needs with `--for aws`, `--for kubernetes` and so on");
    }
}
