//! A credential as environment variables, by the names that programs read.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::inside::Credential;

/// Variables with their values.
pub(super) type Variables = Vec<(String, Zeroizing<String>)>;

/// Names of fields that everybody knows by another name, with the kind of broker.
const KNOWN: [(&str, &str, &[&str]); 7] = [
    ("aws", "access_key_id", &["AWS_ACCESS_KEY_ID"]),
    ("aws", "secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
    ("aws", "session_token", &["AWS_SESSION_TOKEN"]),
    ("github", "token", &["GH_TOKEN", "GITHUB_TOKEN"]),
    ("postgres", "user", &["PGUSER"]),
    ("postgres", "password", &["PGPASSWORD"]),
    ("token", "token", &["TOKEN"]),
];

/// What is no secret and goes along, by mechanism and name in the target's `delivery`.
const PLAIN: [(&str, &str, &str); 5] = [
    ("aws", "region", "AWS_REGION"),
    ("postgres", "host", "PGHOST"),
    ("postgres", "port", "PGPORT"),
    ("postgres", "database", "PGDATABASE"),
    ("postgres", "sslmode", "PGSSLMODE"),
];

/// The variables of a credential. The target's `delivery` may name its own, in `env.secret`: templates in which `{field}`
/// stands for a field of the secret.
pub(super) fn of(credential: &Credential) -> Variables {
    let mut variables = match credential.delivery["env"]["secret"].as_object() {
        Some(templates) => named(credential, templates),
        None => usual(credential),
    };
    if credential.delivery["npm"].is_object() {
        variables.extend(credential.field("token").and_then(|token| pair("NPM_TOKEN", token)));
    }
    if let Some(plain) = credential.delivery["env"]["plain"].as_object() {
        variables.extend(plain.iter().filter_map(|(name, value)| pair(name, value.as_str()?)));
    }
    for (mechanism, name, variable) in PLAIN {
        let value = &credential.delivery[mechanism][name];
        let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()));
        variables.extend(text.and_then(|text| pair(variable, &text)));
    }
    variables
}

/// The same as lines for a shell to evaluate.
pub(super) fn lines(credential: &Credential) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::new());
    for (name, value) in of(credential) {
        lines.push_str("export ");
        lines.push_str(&name);
        lines.push_str("='");
        for (index, piece) in value.split('\'').enumerate() {
            if index > 0 {
                lines.push_str("'\\''");
            }
            lines.push_str(piece);
        }
        lines.push_str("'\n");
    }
    lines
}

fn named(credential: &Credential, templates: &serde_json::Map<String, Value>) -> Variables {
    let filled = |template: &str| {
        let mut text = Zeroizing::new(String::new());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}')?;
            text.push_str(credential.field(name)?);
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    };
    let pairs = templates.iter().filter_map(|(name, template)| Some((name, filled(template.as_str()?)?)));
    pairs.filter(|(name, _)| is_name(name)).map(|(name, value)| (name.clone(), value)).collect()
}

/// A field without a usual name is `WRIT_` and its own name.
fn usual(credential: &Credential) -> Variables {
    let mut variables = Variables::new();
    for (field, value) in &credential.secret {
        let known = KNOWN.iter().find(|(kind, name, _)| *kind == credential.kind && name == field);
        let own = format!("WRIT_{}", field.to_uppercase());
        let names = known.map_or_else(|| vec![own.as_str()], |(_, _, names)| names.to_vec());
        variables.extend(names.iter().filter_map(|name| pair(name, value.as_str())));
    }
    variables
}

fn pair(name: &str, value: &str) -> Option<(String, Zeroizing<String>)> {
    is_name(name).then(|| (name.to_owned(), Zeroizing::new(value.to_owned())))
}

/// What a shell takes for a variable's name.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(is_part) && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests;
