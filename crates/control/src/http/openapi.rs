//! The OpenAPI document, generated from the handlers and checked in as a snapshot.

use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::{
    artifacts, audit, brokers, certificates, cost, credentials, developers, exports, freezes, grants, inject, issuer,
    keys, lock_rules, locks, log, operational, projects, push, registry, search, sessions, sign_ins, ssh_hosts, teams,
    tlog, verify, who, writes,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "writ",
        description = "The control plane for coding agents on a team. Errors are `application/problem+json` (RFC 9457) \
                       with a stable `code`. The model gateway speaks the Messages API on /v1/messages and is not \
                       described here.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        version = "v1",
    ),
    paths(
        sign_ins::bootstrap,
        sign_ins::start,
        sign_ins::end,
        sign_ins::whoami,
        developers::list,
        developers::add,
        developers::set_roles,
        developers::disable,
        developers::erase,
        teams::list,
        teams::create,
        teams::add_member,
        teams::remove_member,
        projects::list,
        projects::create,
        sessions::open,
        sessions::list,
        sessions::show,
        sessions::calls,
        sessions::entries,
        sessions::beat,
        sessions::end,
        sessions::revoke,
        artifacts::record,
        push::check,
        certificates::issue,
        certificates::allowed_signers,
        brokers::list,
        brokers::show,
        brokers::set,
        brokers::test,
        brokers::disable,
        brokers::enable,
        brokers::remove,
        ssh_hosts::authority,
        ssh_hosts::krl,
        grants::list,
        grants::set,
        grants::remove,
        grants::of_session,
        credentials::ask,
        credentials::list,
        credentials::show,
        credentials::revoke,
        locks::ask,
        locks::list,
        locks::show,
        locks::events::follow,
        locks::release,
        locks::break_lock,
        writes::record,
        writes::list,
        freezes::list,
        freezes::freeze,
        freezes::thaw,
        lock_rules::of_session,
        lock_rules::of_project,
        lock_rules::set,
        registry::token,
        inject::forward,
        verify::check,
        verify::introspect,
        cost::cost,
        log::verify,
        search::search,
        who::who,
        log::checkpoint,
        log::prove,
        audit::bundle,
        tlog::checkpoint,
        tlog::tile,
        exports::events,
        exports::list,
        exports::dead,
        exports::retry,
        issuer::discovery,
        issuer::keys,
        issuer::show,
        keys::list,
        keys::rotate,
        keys::rotate_seal,
        operational::health,
        operational::ready,
        operational::metrics,
        operational::openapi,
    ),
    security(("bearer" = [])),
)]
struct Document;

/// The document as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which would be a bug.
pub fn document() -> Result<String, serde_json::Error> {
    let mut document = Document::openapi();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    serde_json::to_string_pretty(&document)
}
