//! A target whose settings were checked, and what a scope chooses of it.

use std::collections::BTreeSet;

use domain::broker::Target;
use domain::limits::SCOPE_VALUE_CHARS_MAX;
use domain::scope::ANY;
use domain::{Scope, Span};

use super::limits::{
    BACKDATED_DEFAULT, BACKDATED_MAX, COMMANDS_MAX, LIFE_DEFAULT, LIFE_MAX, LIFE_MIN, NETWORKS_MAX, PRINCIPAL_CHARS_MAX,
};
use super::settings::{Host, TargetSettings};
use super::{hosts, networks};
use crate::ssh::{PRINCIPALS_MAX, Permit};

/// The dimensions of a scope that mean something here.
const PRINCIPALS: &str = "principals";
const FORCE_COMMAND: &str = "force_command";

/// Hosts that are entered alike.
#[derive(Debug)]
pub(super) struct LoginTarget {
    pub(super) principals: BTreeSet<String>,
    pub(super) hosts: Vec<Host>,
    pub(super) permits: BTreeSet<Permit>,
    pub(super) source_addresses: Vec<String>,
    pub(super) backdated: Span,
    commands: Vec<String>,
    life_default: Span,
    life_max: Span,
}

/// What one certificate is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) principals: BTreeSet<String>,
    pub(super) force_command: Option<String>,
}

// === impl LoginTarget ===

impl LoginTarget {
    pub(super) fn new(settings: TargetSettings) -> Result<Self, String> {
        check_principals(&settings.principals)?;
        check_commands(&settings.force_command)?;
        hosts::check(&settings.hosts)?;
        if settings.source_addresses.len() > NETWORKS_MAX {
            return Err(format!("`source_addresses` has more than {NETWORKS_MAX} networks"));
        }
        let networks = settings.source_addresses.iter().map(|text| networks::parse(text));
        let life_max = within("max_lifetime_seconds", settings.max_lifetime_seconds, LIFE_MAX, LIFE_MIN, LIFE_MAX)?;
        let life_default = LIFE_DEFAULT.min(life_max);
        Ok(Self {
            source_addresses: networks.collect::<Result<_, _>>()?,
            backdated: within(
                "backdate_seconds",
                settings.backdate_seconds,
                BACKDATED_DEFAULT,
                Span::from_secs(0),
                BACKDATED_MAX,
            )?,
            life_default: within("lifetime_seconds", settings.lifetime_seconds, life_default, LIFE_MIN, life_max)?,
            life_max,
            principals: settings.principals,
            hosts: settings.hosts,
            permits: settings.extensions,
            commands: settings.force_command,
        })
    }

    /// What decisions must know of it.
    pub(super) fn law(&self) -> Target {
        Target {
            life_min: LIFE_MIN,
            life_default: self.life_default,
            life_max: self.life_max,
            is_revocable: true,
            is_local: true,
        }
    }

    /// What a scope chooses; an empty one chooses all principals and the first command. The text of an error says what
    /// would be understood.
    pub(super) fn choose(&self, scope: &Scope) -> Result<Choice, String> {
        if let Some((other, _)) = scope.iter().find(|(name, _)| ![PRINCIPALS, FORCE_COMMAND].contains(name)) {
            return Err(format!("unknown dimension `{other}`: an ssh target has `{PRINCIPALS}` and `{FORCE_COMMAND}`"));
        }
        let principals = chosen(PRINCIPALS, scope, self.principals.iter())?;
        let commands = chosen(FORCE_COMMAND, scope, self.commands.iter())?;
        Ok(Choice { principals: principals.into_iter().collect(), force_command: commands.into_iter().next() })
    }
}

/// The values that a scope leaves of these, in their order.
fn chosen<'a>(
    dimension: &str,
    scope: &Scope,
    known: impl Iterator<Item = &'a String> + Clone,
) -> Result<Vec<String>, String> {
    let Some(asked) = scope.values(dimension) else { return Ok(known.cloned().collect()) };
    if let Some(strange) =
        asked.iter().find(|asked| asked.as_str() != ANY && !known.clone().any(|known| known == *asked))
    {
        let known: Vec<String> = known.map(|known| format!("`{known}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(format!("`{strange}` is not one of the target's values of `{dimension}`; it has: {known}"));
    }
    Ok(known.filter(|&known| asked.contains(ANY) || asked.contains(known)).cloned().collect())
}

/// A certificate without principals would be taken for every account.
fn check_principals(principals: &BTreeSet<String>) -> Result<(), String> {
    if principals.is_empty() || principals.len() > PRINCIPALS_MAX {
        return Err(format!("`principals` names 1 to {PRINCIPALS_MAX} of them"));
    }
    principals.iter().try_for_each(|principal| {
        let is_plain = |letter: char| letter.is_alphanumeric() || "._-@+:/=".contains(letter);
        let length = principal.chars().count();
        let is_principal = length > 0 && length <= PRINCIPAL_CHARS_MAX && principal.chars().all(is_plain);
        if is_principal { Ok(()) } else { Err(format!("`principals`: `{principal}` is not the name of a principal")) }
    })
}

fn check_commands(commands: &[String]) -> Result<(), String> {
    if commands.len() > COMMANDS_MAX {
        return Err(format!("`force_command` has {} commands, the limit is {COMMANDS_MAX}", commands.len()));
    }
    commands.iter().try_for_each(|command| {
        let length = command.chars().count();
        let is_line = length > 0 && length <= SCOPE_VALUE_CHARS_MAX && !command.chars().any(char::is_control);
        if !is_line || command == ANY {
            return Err(format!("`force_command`: a command is a line of at most {SCOPE_VALUE_CHARS_MAX} characters"));
        }
        Ok(())
    })
}

fn within(name: &str, seconds: Option<u64>, default: Span, least: Span, most: Span) -> Result<Span, String> {
    let span = seconds.map_or(default, Span::from_secs);
    if span < least || span > most {
        return Err(format!("`{name}` is a number of seconds from {} to {}", least.as_secs(), most.as_secs()));
    }
    Ok(span)
}
