//! Who else was at work at that time: when something breaks, it may have been the session beside.

use domain::{DeveloperId, SessionId, Time};
use store::{SessionFilter, SessionRow};

use crate::error::Error;
use crate::limits::{WHO_NEIGHBOURS_MAX, WHO_NEIGHBOURS_READ_MAX};
use crate::plane::ControlPlane;

/// Sessions beside another, by when they were opened.
#[derive(Debug)]
pub struct Neighbours {
    /// The moment they are beside.
    pub at: Time,
    /// Whether they are for the same project; otherwise they are of the same human.
    pub of_project: bool,
    /// Opened before the moment: those still at work then first, of these the latest; shown oldest first.
    pub before: Vec<Neighbour>,
    /// Opened after it, oldest first.
    pub after: Vec<Neighbour>,
}

/// A session beside another.
#[derive(Debug)]
pub struct Neighbour {
    /// The session.
    pub session: SessionRow,
    /// Whether it was at work at that moment.
    pub was_active: bool,
}

/// The neighbours of a session at a moment: of its project, else of its human; only of one human if `whose` says so.
pub(super) async fn around(
    plane: &ControlPlane,
    session: &SessionRow,
    whose: Option<DeveloperId>,
    at: Time,
) -> Result<Neighbours, Error> {
    let developer = whose.or_else(|| session.project.is_none().then_some(session.developer));
    let filter = SessionFilter {
        developer,
        project: session.project,
        live_only: false,
        sub_agents_of: None,
        before: None,
        limit: 0,
    };
    let middle = SessionId::new(at, 0);
    let earlier = SessionFilter { before: Some(middle), limit: WHO_NEIGHBOURS_READ_MAX, ..filter.clone() };
    let later = SessionFilter { limit: 1 + WHO_NEIGHBOURS_MAX, ..filter };
    let neighbour = |row: SessionRow| {
        let was_active = row.opened_at <= at && row.over_at.is_none_or(|over_at| over_at >= at);
        Neighbour { session: row, was_active }
    };
    let beside = |rows: Vec<SessionRow>| rows.into_iter().filter(|row| row.id != session.id).map(neighbour);
    let mut before: Vec<_> = beside(plane.store.sessions(&earlier).await?).collect();
    // They come newest first, and the sort keeps that order among equals.
    before.sort_by_key(|neighbour| !neighbour.was_active);
    before.truncate(WHO_NEIGHBOURS_MAX as usize);
    before.sort_by_key(|neighbour| neighbour.session.id);
    let after = beside(plane.store.sessions_after(middle, &later).await?).take(WHO_NEIGHBOURS_MAX as usize).collect();
    Ok(Neighbours { at, of_project: session.project.is_some(), before, after })
}

/// The newest sessions of a human.
pub(super) async fn newest_of(
    plane: &ControlPlane,
    developer: DeveloperId,
    limit: u32,
) -> Result<Vec<SessionRow>, Error> {
    let filter = SessionFilter { developer: Some(developer), limit, ..SessionFilter::default() };
    Ok(plane.store.sessions(&filter).await?)
}
