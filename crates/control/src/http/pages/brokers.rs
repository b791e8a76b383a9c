//! `/brokers`.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::Uri;
use store::BrokerRow as Row;

use super::session::Reason;
use super::{Failed, frame, html, to_sign_in};
use crate::console::{BrokerRow, BrokersPage, Switch, TargetRow, brokers_page, count};
use crate::error::Error;
use crate::http::extract::{Path, SignedIn, Visitor};
use crate::operations::broker::{self, Alive};
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) async fn page(State(shared): State<Arc<Shared>>, uri: Uri, visitor: Visitor) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared.plane, signed_in).await {
        Ok(view) => html(brokers_page(&view)),
        Err(error) => Failed::new(&shared, visitor, error).into_response(),
    }
}

pub(super) async fn disable(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Form(form): Form<Reason>,
) -> Response {
    switch(&shared, visitor, &name, false, form).await
}

pub(super) async fn enable(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Form(form): Form<Reason>,
) -> Response {
    switch(&shared, visitor, &name, true, form).await
}

async fn switch(shared: &Shared, visitor: Visitor, name: &str, is_on: bool, form: Reason) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in("/brokers") };
    match broker::switch(&shared.plane, signed_in.asker(), name, is_on, form.reason).await {
        Ok(()) => Redirect::to("/brokers").into_response(),
        Err(error) => Failed::new(shared, visitor, error).into_response(),
    }
}

async fn build(plane: &Arc<ControlPlane>, signed_in: SignedIn) -> Result<BrokersPage, Error> {
    let asker = signed_in.asker();
    let may_switch = plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageBrokers).is_ok());
    let alive = broker::alive(plane);
    let mut rows = Vec::new();
    for row in broker::list(plane, asker).await? {
        // One that cannot be opened, because its seal is gone say, must not hide the others.
        let shows = broker::shows(plane, &row).await;
        let shows = shows.map_or_else(|error| format!("not known: {error}"), str::to_owned);
        let alive = alive.get(&row.name).copied().unwrap_or_default();
        rows.push(line(plane, &row, alive, shows, may_switch));
    }
    Ok(BrokersPage { frame: frame(plane, signed_in), rows })
}

fn line(plane: &ControlPlane, row: &Row, alive: Alive, shows: String, may_switch: bool) -> BrokerRow {
    let targets = plane.view.read(|state| state.brokers.get(&row.name).map(|broker| broker.targets.clone()));
    let action = if row.is_on { "disable" } else { "enable" };
    BrokerRow {
        name: row.name.to_string(),
        kind: row.kind.to_string(),
        is_on: row.is_on,
        targets: targets
            .unwrap_or_default()
            .into_iter()
            .map(|(name, law)| TargetRow {
                name: name.to_string(),
                life_max: law.life_max.to_string(),
                is_revocable: law.is_revocable,
            })
            .collect(),
        alive: count(alive.all as u64),
        due: (alive.due > 0).then(|| count(alive.due as u64)),
        shows,
        switch: may_switch.then(|| Switch { action: format!("/brokers/{}/{action}", row.name) }),
    }
}
