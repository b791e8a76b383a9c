//! Git over HTTPS: a credential helper for the hosts of a target.

use super::{Prepared, Site, Unprepared, Wired};

/// Prepares it for all targets that have it.
pub(super) async fn prepare(
    _wired: &[Wired<'_>],
    _site: &Site<'_>,
    _prepared: &mut Prepared,
) -> Result<(), Unprepared> {
    Ok(())
}
