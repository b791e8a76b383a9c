//! The settings as an operator writes them.

use std::collections::{BTreeMap, BTreeSet};

use domain::Name;
use serde::{Deserialize, Serialize};

use crate::ssh::Permit;

/// Settings of a broker for logging in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Groups of hosts that are entered alike, by name.
    pub(super) targets: BTreeMap<Name, TargetSettings>,
}

/// Settings of one target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetSettings {
    /// As whom its certificates may log in: what `AuthorizedPrincipalsFile` of the hosts lists, or without one the names of
    /// accounts. At least one, at most 16.
    pub(super) principals: BTreeSet<String>,
    /// Which hosts these are, for the client's configuration; the hosts themselves decide by the authority and the
    /// principals. At most 32.
    #[serde(default)]
    pub(super) hosts: Vec<Host>,
    /// What a host may grant besides running a command; a terminal when nothing is said.
    #[serde(default = "a_terminal")]
    pub(super) extensions: BTreeSet<Permit>,
    /// The commands of which a certificate allows exactly one: the first when nobody chooses. None: any command.
    #[serde(default)]
    pub(super) force_command: Vec<String>,
    /// The networks from which certificates are taken, in CIDR form. None: everywhere.
    #[serde(default)]
    pub(super) source_addresses: Vec<String>,
    /// Life of a certificate in seconds when nobody says; 300 at first.
    pub(super) lifetime_seconds: Option<u64>,
    /// The longest life in seconds; at most, and at first, 3600.
    pub(super) max_lifetime_seconds: Option<u64>,
    /// For how many seconds before it was made a certificate counts, for hosts whose clocks are late; 300 at first, at most
    /// 1800.
    pub(super) backdate_seconds: Option<u64>,
}

/// Hosts of a target.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    /// A name, an address, or a pattern of ssh_config(5) with `*` and `?`.
    pub(super) host: String,
    /// The port; what the client's configuration says when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    /// The account; what the client's configuration says when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
}

fn a_terminal() -> BTreeSet<Permit> {
    BTreeSet::from([Permit::Pty])
}
