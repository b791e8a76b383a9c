//! Container registries: a Docker configuration that names a credential helper for each registry
//! (`credHelpers`, docker-credential-helpers' protocol), which docker, podman, skopeo, buildah and others read.
//!
//! The developer's own configuration is not used, since passwords lie in it; what is no credential (contexts, plugins,
//! proxies) is taken over.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Prepared, Site, Unprepared, Wired};
use crate::commands::{RegistryGrant, RegistryMap};
use crate::run::environment::Environment;

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// Registries, as images name them: `registry.example.com` or `registry.example.com:5000`.
    registries: Vec<String>,
}

/// The helper's name; clients look for `docker-credential-` and it.
const HELPER: &str = "writ";

/// Settings of the developer's that are taken over: none holds a credential.
const KEPT: [&str; 4] = ["currentContext", "proxies", "plugins", "features"];

/// Prepares configuration and helper.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let mut map = RegistryMap::default();
    for wired in wired {
        let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
        let (broker, target) = (wired.grant.broker.clone(), wired.grant.target.clone());
        for registry in how.registries {
            map.0.insert(registry, RegistryGrant { broker: broker.clone(), target: target.clone() });
        }
    }
    let folder = site.subfolder("docker")?;
    let registries = folder.join("registries.json");
    let written = serde_json::to_string(&map).map_err(|error| Unprepared(format!("cannot write it: {error}")))?;
    site.write(&registries, &written)?;
    let config = folder.join("config.json");
    site.write(&config, &format!("{:#}\n", configuration(&map, theirs(site.environment).as_deref())))?;
    let words = site.helper("docker", &["--map", &registries.to_string_lossy()]);
    prepared.program(site, &format!("docker-credential-{HELPER}"), &format!("exec {} \"$@\"", Site::shell(&words)))?;
    if let Some(contexts) = theirs(site.environment).map(|theirs| theirs.join("contexts")).filter(|path| path.is_dir())
    {
        // Without them docker finds no daemon that is not where it usually is.
        let _ = std::os::unix::fs::symlink(contexts, folder.join("contexts"));
    }
    prepared.set("DOCKER_CONFIG", folder);
    // Podman, buildah and skopeo look here first.
    prepared.set("REGISTRY_AUTH_FILE", config);
    Ok(())
}

/// Where the developer's own configuration is.
fn theirs(environment: &Environment) -> Option<PathBuf> {
    let told = environment.before("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    told.or_else(|| environment.before("HOME").map(|home| Path::new(home).join(".docker")))
}

fn configuration(map: &RegistryMap, theirs: Option<&Path>) -> Value {
    let before = theirs.and_then(|theirs| std::fs::read(theirs.join("config.json")).ok());
    let before: Map<String, Value> = before.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut configuration: Map<String, Value> =
        before.into_iter().filter(|(name, _)| KEPT.contains(&name.as_str())).collect();
    let helpers: Map<String, Value> = map.0.keys().map(|registry| (registry.clone(), HELPER.into())).collect();
    configuration.insert("auths".to_owned(), json!({}));
    configuration.insert("credHelpers".to_owned(), helpers.into());
    if let Some(plugins) = theirs.map(|theirs| theirs.join("cli-plugins")).filter(|path| path.is_dir()) {
        configuration.insert("cliPluginsExtraDirs".to_owned(), json!([plugins.to_string_lossy()]));
    }
    configuration.into()
}

#[cfg(test)]
mod tests;
