//! Commands about brokers and grants.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{Name, Span};

use super::credential::{Named, parse_dimension};
use crate::duration::parse_span;

/// What can be done with brokers.
#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    Set(BrokerSet),
    /// List brokers
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show a broker: its targets, what its targets' logs show, its settings
    Show {
        /// Name of the broker
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a credential at each target of a broker and end it again
    Test {
        /// Name of the broker
        name: String,
    },
    /// Break glass: make nothing more, and revoke all that the broker made
    Disable {
        /// Name of the broker
        name: String,
        /// Why, in a sentence; kept in the log
        #[arg(long)]
        reason: String,
    },
    /// Let a broker make credentials again
    Enable {
        /// Name of the broker
        name: String,
        /// Why, in a sentence; kept in the log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Remove a broker and the grants that name it; all that it made must be dead
    Remove {
        /// Name of the broker
        name: String,
    },
    Krl(BrokerKrl),
}

/// Write the list of an ssh broker's revoked certificates, for a host that trusts its authority
///
/// Run it on the host, every minute; sshd reads the file at each login (`RevokedKeys`). It needs no sign-in. What is not a
/// list, or an older one than the file holds, does not replace the file.
///
/// Example: writ broker krl hosts --out /etc/ssh/writ.krl --server https://writ.example.com
#[derive(Debug, Args)]
pub(crate) struct BrokerKrl {
    /// The broker's name
    #[arg(value_name = "NAME")]
    pub(crate) name: Name,
    /// The file to write, in one step
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// URL of the control plane; the one this machine is signed in to when left out
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Replace the file whatever it holds: after the control plane was restored from a backup, or another broker's list
    #[arg(long)]
    pub(crate) force: bool,
}

/// Configure a broker, or configure it anew
///
/// Before anything is changed, a credential is made and ended again at each target: what could not be revoked is found
/// now. Secrets are read from files, sealed before they are stored, and never shown; without any, a broker keeps its own.
///
/// Example: writ broker set payments-db --kind postgres --settings db.toml --secret password=db.password
#[derive(Debug, Args)]
pub(crate) struct BrokerSet {
    /// Its name: a-z, 0-9, `.`, `_`, `-`
    pub(crate) name: Name,
    /// aws, github, ssh, postgres, token, exec, http or static
    #[arg(long)]
    pub(crate) kind: String,
    /// Its settings, a TOML file, or JSON if its name ends so; see docs/brokers/
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: PathBuf,
    /// A secret and the file that it is in, without the file's last line end (can be repeated)
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = parse_secret)]
    pub(crate) secrets: Vec<(String, PathBuf)>,
}

/// What can be done with grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    Set(GrantSet),
    /// List what the sessions of a project may ask for
    List {
        /// Name or id of the project
        project: String,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Take a grant away; what was issued under it is revoked
    Remove {
        /// Name or id of the project
        project: String,
        /// What is granted, as the broker's and the target's name
        #[arg(value_name = "BROKER/TARGET")]
        name: Named,
        /// Only the grant of this permission profile
        #[arg(long)]
        profile: Option<String>,
    },
}

/// Let the sessions of a project ask for a credential, or change what they may ask for
///
/// What was issued under the grant as it was before is revoked. The scope's dimensions are those of the broker's kind:
/// see docs/brokers/. `*` allows every value.
///
/// Example: writ grant set payments github/api --scope permissions=contents:write --max-lifetime 1h
#[derive(Debug, Args)]
pub(crate) struct GrantSet {
    /// Name or id of the project
    pub(crate) project: String,
    /// What is granted, as the broker's and the target's name
    #[arg(value_name = "BROKER/TARGET")]
    pub(crate) name: Named,
    /// Only for sessions of this permission profile
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// What may be asked for, as DIMENSION=VALUE,VALUE; the target's own when left out (can be repeated)
    #[arg(long, value_name = "DIMENSION=VALUES", value_parser = parse_dimension)]
    pub(crate) scope: Vec<(String, Vec<String>)>,
    /// The longest life of a credential, such as `1h`; the target's usual one when left out
    #[arg(long, value_parser = parse_span)]
    pub(crate) max_lifetime: Option<Span>,
    /// What a session must hold in mode X to ask for one, such as `env:prod/payments`
    ///
    /// When it lets go, or the lock is taken from it, its credentials are revoked.
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) lock: Option<String>,
}

fn parse_secret(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected a secret's name and the file that it is in, such as `password=db.password`".to_owned()),
    }
}
