//! Commands that change who may do what.

use clap::{Args, Subcommand};
use domain::{Name, Role};

/// End a session at once, everywhere
///
/// Its live streams are cut, its next call is refused, and its launcher ends the agent.
///
/// Example: writ revoke ses_01JD… --reason "wrong branch"
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The session's id (`ses_…`)
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Why, in a sentence; shown to the developer and kept in the log
    #[arg(long)]
    pub(crate) reason: String,
}

/// What can be done with developers.
#[derive(Debug, Subcommand)]
pub(crate) enum DeveloperCommand {
    Add(NewDeveloper),
    /// List developers
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Replace a developer's roles
    Roles {
        /// Sign-in name or id
        developer: String,
        /// The roles from now on: member, approver, auditor, admin
        #[arg(required = true)]
        roles: Vec<Role>,
    },
    /// Lock a developer out: sign-ins and sessions end at once
    Disable {
        /// Sign-in name or id
        developer: String,
        /// Why, in a sentence; kept in the log
        #[arg(long)]
        reason: String,
    },
}

/// Add a developer
#[derive(Debug, Args)]
pub(crate) struct NewDeveloper {
    /// Sign-in name: a-z, 0-9, `.`, `_`, `-`
    pub(crate) login: Name,
    /// The human's name, as shown
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Their e-mail address, for administrators, auditors and themselves to see
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Roles: member, approver, auditor, admin (can be repeated)
    #[arg(long = "role", value_name = "ROLE", default_value = "member")]
    pub(crate) roles: Vec<Role>,
    /// Read the first password from standard input instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// What only administrators do, and nobody can undo.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    Erase(Erase),
}

/// Destroy a developer's names and e-mail address for good, and lock them out
///
/// Their key is destroyed, so that copies of the database cannot be read either; their sessions and sign-ins end. What
/// they did stays in the log under a pseudonym, and every proof of it stays valid. Backups of `keys_dir` are not in
/// writ's reach: they must expire.
///
/// Example: writ admin erase grace --yes
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Sign-in name or id
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// What can be done with teams.
#[derive(Debug, Subcommand)]
pub(crate) enum TeamCommand {
    Add(NewTeam),
    /// List teams and their members
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Put a developer into a team
    Join {
        /// Name or id of the team
        team: String,
        /// Sign-in name or id of the developer
        developer: String,
    },
    /// Take a developer out of a team
    Leave {
        /// Name or id of the team
        team: String,
        /// Sign-in name or id of the developer
        developer: String,
    },
}

/// Add a team
#[derive(Debug, Args)]
pub(crate) struct NewTeam {
    /// The team's name: a-z, 0-9, `.`, `_`, `-`
    pub(crate) name: Name,
}

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    Add(NewProject),
    /// List projects and their teams
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
}

/// Add a project
#[derive(Debug, Args)]
pub(crate) struct NewProject {
    /// The project's name: a-z, 0-9, `.`, `_`, `-`
    pub(crate) name: Name,
    /// A team that works on it, by name or id (can be repeated)
    #[arg(long = "team", value_name = "TEAM", required = true)]
    pub(crate) teams: Vec<String>,
}
