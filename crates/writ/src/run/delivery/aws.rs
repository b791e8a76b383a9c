//! AWS: a configuration file with one profile per target, whose credentials a process of ours gives; or the container
//! endpoint, for clients that take nothing else.
//!
//! AWS SDKs and Tools Reference Guide: "Process credential provider", "Container credential provider". Measured with
//! botocore: keys in the environment win over the file, so none is passed on ([`crate::run::environment`]).

mod container;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Prepared, Site, Unprepared, Wired};

/// What a broker says of a target.
#[derive(Debug, Clone, Default, Deserialize)]
struct How {
    /// Region for requests.
    #[serde(default)]
    region: Option<String>,
    /// Endpoint of every service, for what speaks AWS's protocols and is not AWS.
    #[serde(default)]
    endpoint_url: Option<String>,
    /// Endpoints by service, such as `s3`.
    #[serde(default)]
    endpoints: BTreeMap<String, String>,
    /// How credentials get to clients.
    #[serde(default)]
    via: Via,
    /// Whether clients that name no profile get this one; else the first.
    #[serde(default)]
    default: bool,
}

/// How credentials get to clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Via {
    /// Clients call a process of ours.
    #[default]
    Process,
    /// Clients call an HTTP endpoint of the launcher's, on loopback: one target, and the configuration file has the others.
    Container,
}

/// Prepares the configuration file, and the endpoint if a target wants it.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let read = |wired: &Wired<'_>| serde_json::from_value::<How>(wired.how.clone());
    let targets = wired.iter().map(|wired| match read(wired) {
        Ok(how) => Ok((*wired, how)),
        Err(error) => Err(Unprepared::strange(wired, &error)),
    });
    let targets: Vec<(Wired<'_>, How)> = targets.collect::<Result<_, _>>()?;
    let first = targets.iter().position(|(_, how)| how.default).unwrap_or(0);
    let folder = site.subfolder("aws")?;
    let (config, none) = (folder.join("config"), folder.join("credentials"));
    site.write(&config, &profiles(&targets, first, site)?)?;
    site.write(&none, "")?;
    prepared.set("AWS_CONFIG_FILE", config);
    // Clients write into this one at times, so it is a file and not the null device.
    prepared.set("AWS_SHARED_CREDENTIALS_FILE", none);
    // A profile of the developer's, from whatever settings, is not in this file.
    prepared.set("AWS_PROFILE", "default");
    // Nobody's machine is to be asked for a role of its own.
    prepared.set("AWS_EC2_METADATA_DISABLED", "true");
    if let Some((default, how)) = targets.get(first) {
        if let Some(region) = &how.region {
            prepared.set("AWS_REGION", region);
            prepared.set("AWS_DEFAULT_REGION", region);
        }
        if how.via == Via::Container {
            container::serve(default.grant, site, prepared).await?;
        }
    }
    Ok(())
}

/// The configuration file.
fn profiles(targets: &[(Wired<'_>, How)], first: usize, site: &Site<'_>) -> Result<String, Unprepared> {
    let mut text = String::from("# Written by writ for one session; it goes with it.\n");
    for (index, (wired, how)) in targets.iter().enumerate() {
        let name = profile(wired, targets);
        let body = body(wired, how, &name, site)?;
        if index == first {
            // With the container endpoint this profile has no credentials of its own: they would win over it.
            let is_process = how.via == Via::Process;
            let body = if is_process { body.clone() } else { without_process(&body) };
            text.push_str(&format!("\n[default]\n{body}"));
        }
        text.push_str(&format!("\n[profile {name}]\n{body}"));
        if !how.endpoints.is_empty() {
            text.push_str(&format!("\n[services {name}]\n"));
            for (service, url) in &how.endpoints {
                text.push_str(&format!("{} =\n  endpoint_url = {}\n", plain(service)?, plain(url)?));
            }
        }
    }
    Ok(text)
}

/// What is the same in the profile and in the default.
fn body(wired: &Wired<'_>, how: &How, name: &str, site: &Site<'_>) -> Result<String, Unprepared> {
    let process = site.helper("aws", &[&wired.grant.name()]);
    let quoted: Vec<_> = process.iter().map(|word| quoted(&word.to_string_lossy())).collect::<Result<_, _>>()?;
    let mut body = format!("credential_process = {}\n", quoted.join(" "));
    if let Some(region) = &how.region {
        body.push_str(&format!("region = {}\n", plain(region)?));
    }
    if let Some(url) = &how.endpoint_url {
        body.push_str(&format!("endpoint_url = {}\n", plain(url)?));
    }
    if !how.endpoints.is_empty() {
        body.push_str(&format!("services = {name}\n"));
    }
    Ok(body)
}

fn without_process(body: &str) -> String {
    body.lines().filter(|line| !line.starts_with("credential_process")).map(|line| format!("{line}\n")).collect()
}

/// A profile is called like its target, or like broker and target where two targets have one name.
fn profile(wired: &Wired<'_>, targets: &[(Wired<'_>, How)]) -> String {
    let grant = wired.grant;
    let namesakes = targets.iter().filter(|(other, _)| other.grant.target == grant.target).count();
    if namesakes > 1 || grant.target == "default" {
        format!("{}-{}", grant.broker, grant.target)
    } else {
        grant.target.clone()
    }
}

/// A value of the file: one line.
fn plain(value: &str) -> Result<&str, Unprepared> {
    let is_plain = !value.is_empty() && !value.contains(|one: char| one.is_control()) && value.trim() == value;
    if is_plain {
        Ok(value)
    } else {
        Err(Unprepared("an empty value, or one of several lines, cannot be configured".to_owned()))
    }
}

/// A word of a process's command line, as SDKs split it: in double quotes when it has a space.
fn quoted(word: &str) -> Result<String, Unprepared> {
    if word.contains(['"', '\\', '\n', '$', '`']) {
        return Err(Unprepared(
            "the path of the session's folder or of writ has characters that AWS's clients cannot quote".to_owned(),
        ));
    }
    Ok(if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() })
}

#[cfg(test)]
mod tests;
