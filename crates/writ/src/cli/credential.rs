//! Commands for credentials.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use domain::Span;

use crate::duration::parse_span;

/// What can be done with credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Show which credentials are granted to this session
    ///
    /// Works inside a session only. Each can be had with `writ credential get BROKER/TARGET`, for less than its scope too.
    Granted {
        /// Print JSON: one object per grant
        #[arg(long)]
        json: bool,
    },
    Get(CredentialGet),
    Exec(CredentialExec),
    List(CredentialList),
    /// Have a credential revoked
    Revoke {
        /// The credential's id (`cred_…`)
        #[arg(value_name = "ID")]
        id: String,
        /// Why, in a sentence; kept in the log
        #[arg(long)]
        reason: String,
    },
}

/// List credentials: of your own sessions, or everybody's if you may see them
///
/// Example: writ credential list --unrevoked
#[derive(Debug, Args)]
pub(crate) struct CredentialList {
    /// Only of this session
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Only of this broker
    #[arg(long, value_name = "NAME")]
    pub(crate) broker: Option<String>,
    /// Only those that are not known to be dead
    #[arg(long)]
    pub(crate) live: bool,
    /// Only those that are to be dead and are not, with what stands in the way and until when they live
    #[arg(long)]
    pub(crate) unrevoked: bool,
    /// One JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a credential that is granted to this session
///
/// Works inside a session only. The same credential is printed again while it is good for a while. What programs ask for by
/// themselves (aws, git, kubectl, docker, …) needs no command: `writ run` has told them where to ask.
///
/// Example: curl -H "Authorization: Bearer $(writ credential get internal/billing --format token)" https://billing.example.com
#[derive(Debug, Args)]
pub(crate) struct CredentialGet {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Shape of the output: all there is, lines for a shell to evaluate, what AWS clients read, a line of a password file, or
    /// the token alone
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub(crate) format: CredentialFormat,
    /// Not one that was made before: the target refused it
    #[arg(long)]
    pub(crate) fresh: bool,
    /// The key that it is for, as in `id_ed25519.pub`; an ssh broker certifies it. `writ run` has made one for `ssh` itself
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
}

/// Run a command with a credential in its environment
///
/// Works inside a session only. Only this command and what it starts have the secret; the session does not.
///
/// Example: writ credential exec internal/npm -- npm publish
///
/// Exits with the command's own code; 126 when it cannot be executed, 127 when it was not found.
#[derive(Debug, Args)]
pub(crate) struct CredentialExec {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// The command to run and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Which credential.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// What is granted, as the broker's and the target's name
    #[arg(value_name = "BROKER/TARGET")]
    pub(crate) name: Named,
    /// What it is to be good for, as DIMENSION=VALUE,VALUE; everything that is granted when left out (can be repeated)
    #[arg(long, value_name = "DIMENSION=VALUES", value_parser = parse_dimension)]
    pub(crate) scope: Vec<(String, Vec<String>)>,
    /// How long a new one is to live, such as `15m`
    #[arg(long, value_parser = parse_span)]
    pub(crate) lifetime: Option<Span>,
}

/// `BROKER/TARGET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) broker: String,
    pub(crate) target: String,
}

/// Shapes of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialFormat {
    /// The credential as the API gives it.
    Json,
    /// `export NAME='VALUE'`, by the names that programs read.
    Env,
    /// What `credential_process` prints.
    Aws,
    /// A line of a PostgreSQL password file.
    Pgpass,
    /// The one secret field alone.
    Token,
}

/// Whose way of asking.
#[derive(Debug, Subcommand)]
pub(crate) enum Helper {
    /// Claude Code: `apiKeyHelper`, the session's own bearer for model calls
    Model {
        /// The launcher's socket; the session's own when left out
        #[arg(long, value_name = "PATH")]
        socket: Option<PathBuf>,
    },
    /// AWS clients: `credential_process`
    Aws(HelperTarget),
    /// Kubernetes clients: an exec plugin of client.authentication.k8s.io/v1
    Kubectl(HelperTarget),
    /// Google's clients: an executable that gives a subject token
    Gcp(HelperTarget),
    /// Azure's clients: the federated token
    Azure(HelperTarget),
    /// Git: a credential helper
    Git(GitHelper),
    /// Docker and what reads its configuration
    Docker {
        /// Which grants have which registries
        #[arg(long, value_name = "FILE")]
        map: PathBuf,
        /// The launcher's socket
        #[arg(long, value_name = "PATH")]
        socket: Option<PathBuf>,
        /// What is asked for: `get`, `store`, `erase` or `list`
        #[arg(value_name = "OPERATION")]
        operation: String,
    },
}

/// Git's question.
#[derive(Debug, Args)]
pub(crate) struct GitHelper {
    /// Which grants have which remotes
    #[arg(long, value_name = "FILE")]
    pub(crate) map: PathBuf,
    /// The launcher's socket; the session's own when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// What is asked for: `get`, `store` or `erase`
    #[arg(value_name = "OPERATION")]
    pub(crate) operation: String,
}

/// Where to ask and for what.
#[derive(Debug, Args)]
pub(crate) struct HelperTarget {
    /// The launcher's socket; the session's own when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((broker, target)) if !broker.is_empty() && !target.is_empty() && !target.contains('/') => {
                Ok(Self { broker: broker.to_owned(), target: target.to_owned() })
            }
            _ => Err("expected a broker and its target, such as `aws/dev`".to_owned()),
        }
    }
}

pub(super) fn parse_dimension(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((dimension, values)) if !dimension.is_empty() && !values.is_empty() => {
            Ok((dimension.to_owned(), values.split(',').map(str::to_owned).collect()))
        }
        _ => Err("expected a dimension and its values, such as `permissions=contents:read,issues:write`".to_owned()),
    }
}
