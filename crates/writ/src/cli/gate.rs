//! Commands of whoever runs a git server: the wall at `git push`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// What the hook of a git server can be told.
#[derive(Debug, Subcommand)]
pub(crate) enum GitReceiveCommand {
    Install(InstallReceive),
    /// Decide about a push; git runs this as its hook `pre-receive`
    PreReceive,
    /// Say that a push has arrived; git runs this as its hook `post-receive`
    PostReceive,
}

/// Have a bare repository of this machine take only pushes that writ admits
///
/// Writes the hooks `pre-receive` and `post-receive` and `writ.toml` into the repository, and has git take options with a push. Who pushes is
/// what the server's front door proved: docs/git-push.md says how to set it up. Run it again to change something.
///
/// Example: writ git-receive install /srv/git/api.git --server https://writ.example.com --name git.example.com/acme/api
/// --proven-by remote-user --secret-file /etc/writ/git.secret
#[derive(Debug, Args)]
pub(crate) struct InstallReceive {
    /// The bare repository
    #[arg(value_name = "REPOSITORY")]
    pub(crate) repository: PathBuf,
    /// Control plane
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// What locks and rules call the repository: host/owner/name of the address people clone
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What proves who pushes (can be repeated; the first that says anything counts)
    #[arg(long, value_name = "MEANS", value_enum, required = true)]
    pub(crate) proven_by: Vec<ProvenBy>,
    /// File with this gate's secret: the one of its audience under `[[introspection]]`
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: PathBuf,
    /// Let pushes in of which nothing shows who made them, unless they name a session
    #[arg(long)]
    pub(crate) unproven_allow: bool,
    /// The program that the hook runs; this one when left out
    #[arg(long, value_name = "FILE")]
    pub(crate) writ: Option<PathBuf>,
}

/// What proves who pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProvenBy {
    /// REMOTE_USER, set by a web server that asked `/v1/verify`
    RemoteUser,
    /// The certificate that logged in over SSH; sshd needs `ExposeAuthInfo yes`
    SshCertificate,
    /// A token in the push option `writ.proof`
    Token,
}

/// Stand in front of a git server, and let in only pushes that writ admits
///
/// For servers that take no hooks, such as github.com. Sessions fetch and push here with their own token; the proxy holds
/// the credential that pushes. It speaks git's smart HTTP, looks into what a push brings with a copy of each repository,
/// and asks the control plane.
///
/// Example: writ git-proxy --server https://writ.example.com --upstream https://github.com --repository acme/api
/// --state /var/lib/writ-git /// --audience git --secret-file git.secret --credential-file github.token --listen 127.0.0.1:7980
#[derive(Debug, Args)]
pub(crate) struct GitProxy {
    /// Control plane
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// The git server behind it
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: String,
    /// What locks and rules call that server; the host of its address when left out
    #[arg(long, value_name = "HOST")]
    pub(crate) name: Option<String>,
    /// A repository that it has, as in the address people clone: owner/name (can be repeated)
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) repository: Vec<String>,
    /// Private folder with a copy of each repository; made when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// The audience of the tokens that sessions bring
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: String,
    /// File with this gate's secret: the one of that audience under `[[introspection]]`
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: PathBuf,
    /// File with the token that the git server takes; read again for each request
    #[arg(long, value_name = "FILE", conflicts_with = "credential_command")]
    pub(crate) credential_file: Option<PathBuf>,
    /// Command that prints that token; run again when it is older than five minutes
    #[arg(long, value_name = "COMMAND")]
    pub(crate) credential_command: Option<String>,
    /// User name that goes with the token
    #[arg(long, value_name = "NAME", default_value = "x-access-token")]
    pub(crate) username: String,
    /// Address to listen on; plain http only on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7980")]
    pub(crate) listen: SocketAddr,
    /// PEM file with the certificate chain, for https
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
}
