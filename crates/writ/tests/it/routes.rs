//! Every path of the HTTP API, as a stranger, a member, an auditor and an administrator find it. The modules mirror the
//! tree of URLs.

mod edge;
mod operational;
mod secrets;
mod tlog;
mod v1;

use serde_json::json;

use crate::support::process::PASSWORD;
use crate::support::scrub::scrubbed;
use crate::support::{Caller, People, Writ, run};

/// Runs a test against a fresh process with its people; snapshots are scrubbed, and no secret may reach the log.
pub(crate) fn tested(test: impl AsyncFnOnce(&Writ, &People)) {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        test(&writ, &people).await;
        secrets::assert_none_in_log(&writ);
    });
}

/// A new developer with these roles, signed in.
pub(crate) async fn developer(writ: &Writ, people: &People, login: &str, roles: &[&str]) -> Caller {
    let body = json!({"login": login, "password": PASSWORD, "roles": roles});
    let answer = people.ada.post("/v1/developers", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    writ.sign_in(login).await
}
