//! Commands about the issuer and the keys that sign and seal.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys that sign writs and tokens, and those that seal secrets
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    Rotate(RotateKeys),
}

/// Replace the key that signs writs and tokens
///
/// The next key is published at once and signs after `overlap` (a day by default), when relying parties have it; the old
/// one stays published until the last writ that it signed is over. After a leak use `--leaked`: docs/issuer.md.
///
/// Example: writ keys rotate
#[derive(Debug, Args)]
pub(crate) struct RotateKeys {
    /// Let the next key sign within seconds; relying parties that keep keys refuse tokens until they look again
    #[arg(long, conflicts_with_all = ["leaked", "seal"])]
    pub(crate) now: bool,
    /// Forget all other keys at once: every writ and token they signed is refused from now on
    #[arg(long, conflicts_with = "seal")]
    pub(crate) leaked: bool,
    /// Replace the key that seals secrets in the database instead, and seal them anew
    #[arg(long)]
    pub(crate) seal: bool,
    /// With `--leaked`: do not ask
    #[arg(long, requires = "leaked")]
    pub(crate) yes: bool,
}

/// What can be done with the issuer.
#[derive(Debug, Subcommand)]
pub(crate) enum IssuerCommand {
    Show(ShowIssuer),
    Export(ExportIssuer),
}

/// Show the issuer, its keys, and what to paste at each relying party
///
/// For every configured audience: the trust policy for AWS, the commands for Google Cloud and Entra, the configuration
/// for Kubernetes, and so on, with the subject that a session of the project has.
///
/// Example: writ issuer show --for aws --project checkout
#[derive(Debug, Args)]
pub(crate) struct ShowIssuer {
    /// Only this kind of relying party, also where none is configured
    #[arg(long = "for", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<RelyingPartyKind>,
    /// The project whose sessions are to get in; a placeholder stands for it when left out
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Their permission profile
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) profile: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Write discovery document and keys as static files, for a bucket or CDN at the issuer's address
///
/// `.well-known/openid-configuration` and `.well-known/jwks.json`, each replaced in one step. Run it after every rotation,
/// before the next key signs.
///
/// Example: writ issuer export --dir public
#[derive(Debug, Args)]
pub(crate) struct ExportIssuer {
    /// The folder that is served at the issuer's address; made when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Leave certificates out of the keys: Google refuses them in uploaded ones
    #[arg(long)]
    pub(crate) without_x5c: bool,
    /// Ask this control plane, without being signed in: what is exported is public
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// Kinds of relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelyingPartyKind {
    /// AWS
    Aws,
    /// Microsoft Entra
    Azure,
    /// Google Cloud
    Gcp,
    /// Kubernetes
    Kubernetes,
    /// Anthropic
    Anthropic,
    /// Vault and OpenBao
    Vault,
    /// Ceph's RGW
    Ceph,
    /// A registry of the Docker distribution
    Registry,
    /// Anything else that verifies a JWT
    Generic,
}

impl RelyingPartyKind {
    /// The name, as spelled in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Kubernetes => "kubernetes",
            Self::Anthropic => "anthropic",
            Self::Vault => "vault",
            Self::Ceph => "ceph",
            Self::Registry => "registry",
            Self::Generic => "generic",
        }
    }
}
