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
use crate::operations::broker;
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
    let mut rows = Vec::new();
    for row in broker::list(plane, asker).await? {
        // One that cannot be opened, because its seal is gone say, must not hide the others.
        let shows = match broker::get(plane, asker, row.name.as_str()).await {
            Ok((_, shows)) => shows.to_owned(),
            Err(error) => format!("not known: {error}"),
        };
        rows.push(line(plane, &row, shows, may_switch));
    }
    Ok(BrokersPage { frame: frame(plane, signed_in), rows })
}

fn line(plane: &ControlPlane, row: &Row, shows: String, may_switch: bool) -> BrokerRow {
    let (targets, alive, due) = plane.view.read(|state| {
        let targets = state.brokers.get(&row.name).map(|broker| broker.targets.clone()).unwrap_or_default();
        let of_this = || state.credentials.values().filter(|credential| credential.broker == row.name);
        (targets, of_this().count(), of_this().filter(|credential| credential.due.is_some()).count())
    });
    let action = if row.is_on { "disable" } else { "enable" };
    BrokerRow {
        name: row.name.to_string(),
        kind: row.kind.to_string(),
        is_on: row.is_on,
        targets: targets
            .into_iter()
            .map(|(name, law)| TargetRow {
                name: name.to_string(),
                life_max: law.life_max.to_string(),
                is_revocable: law.is_revocable,
            })
            .collect(),
        alive: count(alive as u64),
        due: (due > 0).then(|| count(due as u64)),
        shows,
        switch: may_switch.then(|| Switch { action: format!("/brokers/{}/{action}", row.name) }),
    }
}
