//! Commands about exports of the log.

use clap::{Args, Subcommand, ValueEnum};

/// What can be done with exports.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// List the configured exports: how far each is, what stands in its way, what it gave up on
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// List entries that an export gave up on
    Dead {
        /// Name of the export
        name: String,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Have entries that an export gave up on tried once more
    Retry {
        /// Name of the export
        name: String,
        /// Only the entry at this position (can be repeated); all when left out
        #[arg(long = "position", value_name = "N")]
        positions: Vec<u64>,
    },
    Print(PrintEvents),
}

/// Print the log's entries in the shape of an export, one JSON object a line
///
/// For auditors and administrators.
///
/// Example: writ export print --format ocsf --since 24h > day.jsonl
#[derive(Debug, Args)]
pub(crate) struct PrintEvents {
    /// The shape of an event
    #[arg(long, value_enum, default_value = "ocsf")]
    pub(crate) format: EventFormat,
    /// From when: a length of time such as `7d`, a day, or an RFC 3339 time; from the beginning when left out
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
}

/// Shapes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// OCSF 1.8.0
    Ocsf,
    /// CloudEvents 1.0
    Cloudevents,
}

impl EventFormat {
    /// The name, as spelled in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ocsf => "ocsf",
            Self::Cloudevents => "cloudevents",
        }
    }
}
