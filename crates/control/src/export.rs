//! Exports: followers of the log that carry each entry out to somebody else's system, at least once and in order.
//!
//! Nothing here is asked before something happens: an export reads what is durable, and may lag or stop without any
//! wall noticing. What leaves is what the log holds: pseudonymous ids, figures and digests; names stay here. The pure
//! shapes are in `ocsf`, `cloudevents`, `otlp` and `syslog`; what speaks to the outside is a [`sink`].

pub mod cloudevents;
mod file;
mod line;
pub mod ocsf;
pub mod otlp;
mod sink;
pub mod syslog;
mod webhook;
mod worker;

use std::sync::Arc;

use gateway::Outbound;
use store::Engine;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::plane::ControlPlane;
use crate::server::StartError;
use crate::settings::ExportSettings;

pub use line::{Line, Owner};
pub(crate) use sink::{Sink, shaped};
pub(crate) use worker::lines_of;

/// The name of the log that the copies come from: the origin of its checkpoints.
pub(crate) fn origin(plane: &ControlPlane) -> String {
    plane.notary.verifier_key().name().to_owned()
}

/// Opens the sink of every export, which reads its secret and connects to nothing.
///
/// # Errors
/// Names the export, never its secret.
pub(crate) fn sinks(exports: &[ExportSettings]) -> Result<Vec<Sink>, StartError> {
    let field = |export: &ExportSettings| format!("exports.{}", export.name);
    let outbound = Outbound::new(None)
        .map_err(|error| StartError::Field { field: "exports".to_owned(), what: error.to_string() })?;
    let sink = |export: &ExportSettings| {
        Sink::new(export, &outbound).map_err(|what| StartError::Field { field: field(export), what })
    };
    exports.iter().map(sink).collect()
}

/// Starts a task for each export; they end with `stop`.
pub(crate) fn start(plane: &Arc<ControlPlane>, sinks: Vec<Sink>, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let alone = plane.store.engine() == Engine::Sqlite;
    let work = |(settings, sink): (&ExportSettings, Sink)| {
        let worker = worker::Worker::new(Arc::clone(plane), settings.clone(), sink, alone, stop.clone());
        tokio::spawn(worker.run())
    };
    plane.exports.iter().zip(sinks).map(work).collect()
}

#[cfg(test)]
mod tests;
