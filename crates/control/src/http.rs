//! The HTTP edge: JSON under `/v1`, the console's pages, and the operational endpoints. Thin: extract, call one
//! operation, render.

mod artifacts;
mod audit;
mod brokers;
mod certificates;
mod codes;
mod cost;
mod credentials;
mod developers;
mod exports;
mod extract;
mod freezes;
mod grants;
mod inject;
mod issuer;
mod keys;
mod lock_rules;
mod locks;
mod log;
mod openapi;
mod operational;
mod pages;
mod problem;
mod projects;
mod push;
mod registry;
mod search;
mod sessions;
mod shapes;
mod sign_ins;
mod ssh_hosts;
mod teams;
mod tlog;
mod verify;
mod verify_path;
mod who;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use crate::limits::API_BODY_BYTES_MAX;
use crate::server::Shared;

pub use codes::{CODES, Code};
pub(crate) use extract::cookie;
pub use openapi::document as openapi_document;
pub use problem::Problem;
pub(crate) use problem::name_request;

/// Every route but the gateway's.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(operational::routes())
        .merge(sign_ins::routes())
        .merge(developers::routes())
        .merge(teams::routes())
        .merge(projects::routes())
        .merge(sessions::routes())
        .merge(artifacts::routes())
        .merge(push::routes())
        .merge(certificates::routes())
        .merge(brokers::routes())
        .merge(ssh_hosts::routes())
        .merge(grants::routes())
        .merge(credentials::routes())
        .merge(locks::routes())
        .merge(writes::routes())
        .merge(freezes::routes())
        .merge(lock_rules::routes())
        .merge(inject::routes())
        .merge(verify::routes())
        .merge(registry::routes())
        .merge(cost::routes())
        .merge(log::routes())
        .merge(search::routes())
        .merge(who::routes())
        .merge(tlog::routes())
        .merge(audit::routes())
        .merge(exports::routes())
        .merge(issuer::routes())
        .merge(keys::routes())
        .merge(pages::routes())
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(API_BODY_BYTES_MAX))
        .with_state(shared)
}
