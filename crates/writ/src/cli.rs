//! The command line. The doc comments here are the help: first line for `-h`, the rest for `--help`.

mod audit;
mod broker;
mod credential;
mod export;
mod gate;
mod govern;
mod hook;
mod keys;
mod lock;
mod look;
mod operate;
mod witness;
mod work;
mod workspace;

use clap::{Parser, Subcommand};

pub(crate) use audit::{AuditCommand, AuditExport, AuditFsck, AuditSearch, AuditVerify, Trust};
pub(crate) use broker::{BrokerCommand, BrokerKrl, BrokerSet, GrantCommand, GrantSet};
pub(crate) use credential::{
    CredentialCommand, CredentialExec, CredentialFormat, CredentialGet, CredentialList, GitHelper, Helper,
    HelperTarget, Wanted,
};
pub(crate) use export::{ExportCommand, PrintEvents};
pub(crate) use gate::{GitProxy, GitReceiveCommand, InstallReceive, ProvenBy};
pub(crate) use govern::{AdminCommand, DeveloperCommand, Erase, NewDeveloper, ProjectCommand, Revoke, TeamCommand};
pub(crate) use hook::{HookCommand, HookSettings};
pub(crate) use keys::{ExportIssuer, IssuerCommand, KeysCommand, RelyingPartyKind, RotateKeys, ShowIssuer};
pub(crate) use lock::{Asked, LockAcquire, LockCommand, LockList, WithLock};
pub(crate) use look::{Cost, Dimension, LogCommand, SessionCommand, Sessions, Who};
pub(crate) use operate::{AgentKind, CheckConfig, Demo, DemoAgent, ReferenceCommand, Serve, Simulator};
pub(crate) use witness::{Witness, WitnessCommand, WitnessKey};
pub(crate) use work::{GitCommand, InsideClaude, Login, NotesCommand, NotesExport, Record, Run, TokenCommand};
pub(crate) use workspace::{WorkspaceCommand, WorkspaceGc, WorkspaceRecover};

/// The control plane for coding agents on a team
///
/// Every agent session gets a writ: an authority issued to one human, for one project, with a budget and an expiry,
/// recorded before it takes effect and dead everywhere the moment the session ends.
#[derive(Debug, Parser)]
#[command(name = "writ", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    /// See, open, recover and tidy up the workspaces of sessions on this machine
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    Token(TokenCommand),
    Record(Record),
    /// Get the credentials that are granted to this session, and see what lives
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Speak a tool's own way of asking for credentials; tools call this
    #[command(subcommand, hide = true)]
    CredentialHelper(Helper),
    /// See who holds what, acquire and let go
    #[command(subcommand)]
    Lock(LockCommand),
    WithLock(WithLock),
    /// Work with git
    #[command(subcommand)]
    Git(GitCommand),
    /// Answer the hooks of Claude Code, and say what calls them
    #[command(subcommand)]
    Hook(HookCommand),
    Login(Login),
    /// Forget the sign-in of this machine, here and at the control plane
    Logout,
    /// Show who is signed in, and for which projects sessions can be opened
    Whoami,
    Sessions(Sessions),
    Session(SessionCommand),
    Who(Who),
    Cost(Cost),
    /// Look into the log
    #[command(subcommand)]
    Log(LogCommand),
    /// See where exports of the log stand, and print the log in their shapes
    #[command(subcommand)]
    Export(ExportCommand),
    /// Search, export and check the log without believing its administrator
    #[command(subcommand)]
    Audit(AuditCommand),
    Revoke(Revoke),
    /// Manage developers
    #[command(subcommand)]
    Developer(DeveloperCommand),
    /// Manage teams
    #[command(subcommand)]
    Team(TeamCommand),
    /// Manage projects
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Manage brokers: what makes and revokes credentials
    #[command(subcommand)]
    Broker(BrokerCommand),
    /// Manage what the sessions of a project may ask brokers for
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Do what cannot be undone
    #[command(subcommand)]
    Admin(AdminCommand),
    Serve(Serve),
    /// Show the issuer to relying parties, or export it as static files
    #[command(subcommand)]
    Issuer(IssuerCommand),
    /// List and replace the keys that sign and seal
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Keep pushes out of a git server of one's own that writ does not admit
    #[command(subcommand)]
    GitReceive(GitReceiveCommand),
    GitProxy(Box<GitProxy>),
    Witness(Box<Witness>),
    CheckConfig(CheckConfig),
    Demo(Demo),
    Simulator(Simulator),
    #[command(hide = true)]
    DemoAgent(DemoAgent),
    #[command(hide = true)]
    InsideClaude(InsideClaude),
    /// Print a page of the reference, in Markdown
    #[command(subcommand, hide = true)]
    Reference(ReferenceCommand),
}

/// The groups that the help shows, with the names of their commands.
pub(crate) const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Work",
        &[
            "run",
            "workspace",
            "token",
            "record",
            "credential",
            "lock",
            "with-lock",
            "git",
            "hook",
            "login",
            "logout",
            "whoami",
        ],
    ),
    ("Look", &["sessions", "session", "who", "cost", "log", "audit", "export"]),
    ("Govern", &["revoke", "developer", "team", "project", "broker", "grant", "admin"]),
    (
        "Operate",
        &["serve", "issuer", "keys", "git-receive", "git-proxy", "witness", "check-config", "demo", "simulator"],
    ),
];

/// Gives `command` a help page that shows its subcommands in [`GROUPS`] (clap itself knows one list only).
pub(crate) fn grouped(command: clap::Command) -> clap::Command {
    let mut page = String::from("{about}\n\n{usage-heading} {usage}\n");
    for (group, names) in GROUPS {
        page.push_str(&format!("\n{group}:\n"));
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            page.push_str(&format!("  {name:<14}{about}\n"));
        }
    }
    page.push_str("\nMore on a command: writ <COMMAND> --help (-h for less); the version: writ --version");
    command.help_template(page)
}

#[cfg(test)]
mod tests;
