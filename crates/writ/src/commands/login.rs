//! `writ login` and `writ logout`.

use serde_json::json;

use crate::api::SignedIn;
use crate::cli::Login;
use crate::client::{Client, ClientError};
use crate::command_error::{CommandError, Exit};
use crate::credentials::{Credentials, Home, address};
use crate::password;

/// Signs in, or creates the first administrator, and keeps the sign-in.
pub(super) async fn login(arguments: Login) -> Result<Exit, CommandError> {
    let home = Home::find()?;
    let server = match arguments.server {
        Some(url) => url,
        None => last_server(&home)?,
    };
    let client = Client::new(address(&server)?)?;
    let login = match arguments.login {
        Some(name) => name,
        None => password::ask_name("sign-in name: ")?,
    };
    let signed_in: SignedIn = match arguments.bootstrap {
        Some(token) => {
            let password = password::read("new password: ", arguments.password_stdin, true)?;
            let body = json!({ "token": token, "login": login, "password": password, "email": arguments.email });
            client.post("/v1/bootstrap", &body).await?
        }
        None => {
            let password = password::read("password: ", arguments.password_stdin, false)?;
            let body = json!({ "login": login, "password": password });
            client.post("/v1/sign-ins", &body).await.map_err(not_signed_in)?
        }
    };
    home.keep(&Credentials {
        server: client.address().as_str().to_owned(),
        token: signed_in.token,
        developer: signed_in.developer.login.clone(),
    })?;
    eprintln!(
        "signed in to {} as {} ({})",
        client.address(),
        signed_in.developer.login,
        signed_in.developer.roles.join(", ")
    );
    Ok(Exit::Done)
}

/// Somebody who is signing in needs no hint to sign in.
fn not_signed_in(error: ClientError) -> CommandError {
    match error {
        ClientError::Refused(problem) if problem.status == 401 => CommandError::failed(problem.sentence()),
        other => other.into(),
    }
}

/// Ends the sign-in at the server, then forgets it here; here also when the server cannot be reached.
pub(super) async fn logout() -> Result<Exit, CommandError> {
    let home = Home::find()?;
    let Some(credentials) = home.credentials()? else {
        eprintln!("nobody is signed in");
        return Ok(Exit::Done);
    };
    let ended = home.client(None)?.delete("/v1/sign-ins/current").await;
    home.forget()?;
    match ended {
        // 401: it had ended already.
        Err(ClientError::Refused(problem)) if problem.status == 401 => {}
        Err(error) => {
            return Err(CommandError::from(error)
                .within("signed out on this machine only")
                .hinted("the sign-in stays valid at the server until it expires; an administrator can end it"));
        }
        Ok(()) => {}
    }
    eprintln!("signed out of {}", credentials.server);
    Ok(Exit::Done)
}

fn last_server(home: &Home) -> Result<String, CommandError> {
    let missing =
        || CommandError::usage("no control plane named").hinted("name it: `writ login https://writ.example.com`");
    Ok(home.credentials()?.ok_or_else(missing)?.server)
}
