//! `writ revoke`.

use serde_json::json;

use crate::api::Session;
use crate::cli::Revoke;
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::clean;

/// Ends a session, everywhere.
pub(super) async fn revoke(arguments: Revoke) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let path = format!("/v1/sessions/{}/revoke", escape(&arguments.id));
    let session: Session = client.post(&path, &json!({ "reason": arguments.reason })).await?;
    eprintln!("session {} of {} is {}", session.id, clean(&session.developer.login), clean(&session.status));
    Ok(Exit::Done)
}
