//! npm registries: npm knows no helper, only a token in a file or in its environment. The session's configuration file names a
//! variable, and a program called `npm` in front of the real one runs that with the token in its environment: neither the
//! agent nor a file has it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Prepared, Site, Unprepared, Wired};
use crate::limits::FILE_BYTES_MAX;
use crate::run::environment::Environment;

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// The registry's URL.
    registry: String,
    /// Scopes of packages that come from it, such as `@acme`; all packages when there is none.
    #[serde(default)]
    scopes: Vec<String>,
}

/// The variable that the configuration names; `writ credential exec` sets it for a target whose `env.secret` says so, and for
/// tokens of targets with this mechanism.
const VARIABLE: &str = "NPM_TOKEN";
/// Programs that read npm's configuration.
const PROGRAMS: [&str; 3] = ["npm", "npx", "pnpm"];

/// Prepares the first target; npm has one token variable per run.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let Some(wired) = wired.first() else { return Ok(()) };
    let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
    let path = site.subfolder("npm")?.join("npmrc");
    site.write(&path, &configuration(&how, &theirs(site.environment)))?;
    prepared.set("NPM_CONFIG_USERCONFIG", path);
    for name in PROGRAMS {
        let Some(real) = find(name, site.environment) else { continue };
        let words = [site.writ.as_os_str().to_owned(), "credential".into(), "exec".into(), wired.grant.name().into()];
        let real = Site::shell(&[real.into_os_string()]);
        // A program that was called by another of them has the token already.
        let script =
            format!("[ -n \"${VARIABLE}\" ] && exec {real} \"$@\"\nexec {} -- {real} \"$@\"", Site::shell(&words));
        prepared.program(site, name, &script)?;
    }
    Ok(())
}

/// npm's configuration: the developer's own without its secrets, then the session's, which counts.
fn configuration(how: &How, theirs: &str) -> String {
    let address = how.registry.trim_end_matches('/');
    let bare = address.split_once(':').map_or(address, |(_, rest)| rest);
    let mut text: String = theirs.lines().filter(|line| !is_secret(line)).map(|line| format!("{line}\n")).collect();
    if how.scopes.is_empty() {
        text.push_str(&format!("registry={address}/\n"));
    }
    for scope in &how.scopes {
        text.push_str(&format!("{scope}:registry={address}/\n"));
    }
    text.push_str(&format!("{bare}/:_authToken=${{{VARIABLE}}}\n"));
    text
}

/// `_auth`, `_authToken`, `_password`, `email`, `certfile` and their like, with or without a registry before them.
fn is_secret(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim().trim_end_matches("[]");
    let last = key.rsplit(':').next().unwrap_or_default();
    ["_auth", "_authToken", "_password", "username", "email", "certfile", "keyfile", "cert", "key"].contains(&last)
}

fn theirs(environment: &Environment) -> String {
    let told = environment.before("NPM_CONFIG_USERCONFIG").or_else(|| environment.before("npm_config_userconfig"));
    let told = told.map(PathBuf::from);
    let Some(path) = told.or_else(|| environment.before("HOME").map(|home| Path::new(home).join(".npmrc"))) else {
        return String::new();
    };
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| std::io::Read::read_to_string(&mut std::io::Read::take(file, FILE_BYTES_MAX), &mut text));
    if read.is_ok() { text } else { String::new() }
}

fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    std::env::split_paths(environment.path()?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests;
