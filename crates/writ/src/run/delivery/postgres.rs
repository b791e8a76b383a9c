//! PostgreSQL: service and password files, or a connection made for the client.

use super::{Prepared, Site, Unprepared, Wired};

/// Prepares it for all targets that have it.
pub(super) async fn prepare(
    _wired: &[Wired<'_>],
    _site: &Site<'_>,
    _prepared: &mut Prepared,
) -> Result<(), Unprepared> {
    Ok(())
}
