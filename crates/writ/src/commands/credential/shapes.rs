//! Credentials in the shapes that programs read. Expiries are told by this machine's clock, since that is what programs
//! compare them with: the launcher says how long a credential is good for, whatever the clocks are.

use domain::{Span, Time};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::field;
use crate::command_error::CommandError;
use crate::inside::Credential;
use crate::output::moment;

/// When it ends, by this machine's clock.
pub(super) fn ends(credential: &Credential, now: Time) -> Time {
    now + Span::from_secs(credential.expires_in_seconds)
}

/// AWS: what `credential_process` prints (AWS SDKs and Tools Reference Guide, "Process credential provider").
pub(super) fn aws(credential: &Credential, now: Time) -> Result<Zeroizing<String>, CommandError> {
    let mut shape = json!({
        "Version": 1,
        "AccessKeyId": field(credential, "access_key_id")?,
        "SecretAccessKey": field(credential, "secret_access_key")?,
        "SessionToken": field(credential, "session_token")?,
        "Expiration": moment(ends(credential, now)),
    });
    if let Some(account) = credential.delivery["aws"]["account"].as_str() {
        shape["AccountId"] = account.into();
    }
    Ok(line(&shape))
}

/// Kubernetes: client.authentication.k8s.io, of the version that `asked` for it (`KUBERNETES_EXEC_INFO`).
pub(super) fn kubectl(
    credential: &Credential,
    now: Time,
    asked: Option<&str>,
) -> Result<Zeroizing<String>, CommandError> {
    let asked = asked.and_then(|asked| serde_json::from_str::<Value>(asked).ok()).unwrap_or_default();
    let version = asked["apiVersion"].as_str().unwrap_or("client.authentication.k8s.io/v1");
    Ok(line(&json!({
        "apiVersion": version,
        "kind": "ExecCredential",
        "status": {
            "token": field(credential, "token")?,
            "expirationTimestamp": moment(ends(credential, now)),
        },
    })))
}

/// Google: the answer of an executable source, version 1 (google-auth, "Executable-sourced credentials").
pub(super) fn gcp(
    credential: &Credential,
    now: Time,
    token_type: Option<&str>,
) -> Result<Zeroizing<String>, CommandError> {
    let token_type = token_type.filter(|kind| !kind.is_empty()).unwrap_or(GCP_TOKEN_TYPE);
    Ok(line(&json!({
        "version": 1,
        "success": true,
        "token_type": token_type,
        "id_token": field(credential, "token")?,
        "expiration_time": ends(credential, now).unix_seconds(),
    })))
}

/// The type of a token that is a JWT: RFC 8693, section 3.
pub(crate) const GCP_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The same when there is no credential.
pub(super) fn gcp_failed(error: &CommandError) -> Zeroizing<String> {
    let told = error.to_string();
    let message = told.strip_prefix("error: ").unwrap_or(&told);
    line(&json!({ "version": 1, "success": false, "code": "NO_CREDENTIAL", "message": message }))
}

/// Docker: the answer of a credential helper's `get`. The name means nothing: the token says who it is for.
pub(super) fn docker(credential: &Credential, server: &str) -> Result<Zeroizing<String>, CommandError> {
    let secret = field(credential, "token")?;
    Ok(line(&json!({ "ServerURL": server, "Username": "writ", "Secret": secret })))
}

/// PostgreSQL: a line of a password file (libpq, "The Password File"); a colon or backslash is escaped.
pub(super) fn pgpass(credential: &Credential) -> Result<Zeroizing<String>, CommandError> {
    let how = &credential.delivery["postgres"];
    let told = |name: &str| {
        let value = &how[name];
        value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
    };
    let named = |name: &str| credential.field(name).map(str::to_owned).or_else(|| told(name));
    let any = |name: &str| named(name).unwrap_or_else(|| "*".to_owned());
    let user = field(credential, "user")?;
    let password = field(credential, "password")?;
    let fields = [any("host"), any("port"), any("database"), user.to_owned(), password.to_owned()];
    let escaped: Vec<_> =
        fields.iter().map(|field| Zeroizing::new(field.replace('\\', "\\\\").replace(':', "\\:"))).collect();
    let mut text = Zeroizing::new(String::new());
    for (index, field) in escaped.iter().enumerate() {
        if index > 0 {
            text.push(':');
        }
        text.push_str(field);
    }
    text.push('\n');
    Ok(text)
}

/// The one secret field that stands for the whole: `token`, else `password`, else the only one there is.
pub(super) fn token(credential: &Credential) -> Result<Zeroizing<String>, CommandError> {
    let only = || match credential.secret.values().collect::<Vec<_>>()[..] {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let told = credential.field("token").or_else(|| credential.field("password")).or_else(only);
    let names: Vec<_> = credential.secret.keys().map(String::as_str).collect();
    let told = told.ok_or_else(|| {
        CommandError::usage(format!("this credential has several fields: {}", names.join(", ")))
            .hinted("use `--format json` or `--format env`")
    })?;
    Ok(Zeroizing::new(format!("{told}\n")))
}

fn line(shape: &Value) -> Zeroizing<String> {
    Zeroizing::new(format!("{shape}\n"))
}

#[cfg(test)]
mod tests;
