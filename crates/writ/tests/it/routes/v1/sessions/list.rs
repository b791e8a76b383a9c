use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::{developer, tested};
use crate::support::Caller;

/// The ids that a query lists.
async fn ids(caller: &Caller, query: &str) -> Vec<String> {
    let body = caller.get(&format!("/v1/sessions{query}")).await.json();
    let listed = body["sessions"].as_array().unwrap_or_else(|| panic!("{body}"));
    listed.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_member_sees_their_own_an_auditor_and_an_administrator_all() {
    tested(async |writ, people| {
        let first = people.ada.open(json!({})).await.id;
        let second = people.grace.open(json!({})).await.id;
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_eq!(ids(&people.grace, "").await, [second.as_str()]);
        for everybody in [&people.ada, &lin] {
            assert_eq!(ids(everybody, "").await, [second.clone(), first.clone()], "newest first");
        }
    });
}

#[test]
fn a_member_may_not_ask_for_somebody_elses() {
    tested(async |_writ, people| {
        let refused = people.grace.get("/v1/sessions?developer=ada").await.shown();
        assert_snapshot!(refused, @"403 forbidden: you may not see these sessions: it is not yours, and you do not have the role `auditor` → ask for your own, or ask an administrator for the role `auditor`");
        let unknown = people.grace.get("/v1/sessions?developer=nobody").await.shown();
        assert_eq!(unknown, refused, "a refusal does not tell who exists");
    });
}

#[test]
fn filters_by_developer_project_and_life() {
    tested(async |_writ, people| {
        let plain = people.grace.open(json!({})).await;
        let checkout = people.grace.open(json!({"project": "checkout"})).await;
        let admins = people.ada.open(json!({"project": "checkout"})).await;
        plain.caller.post(&format!("/v1/sessions/{}/end", plain.id), json!({})).await;
        let ada = &people.ada;
        assert_eq!(ids(ada, "?live=true").await, [admins.id.clone(), checkout.id.clone()]);
        assert_eq!(ids(ada, "?project=checkout").await, [admins.id.clone(), checkout.id.clone()]);
        assert_eq!(ids(ada, "?developer=grace").await, [checkout.id.clone(), plain.id.clone()]);
        assert_eq!(ids(ada, "?developer=grace&live=true&project=checkout").await, [checkout.id.as_str()]);
    });
}

#[test]
fn pages_do_not_overlap_and_miss_nothing() {
    tested(async |_writ, people| {
        let mut opened = Vec::new();
        for _ in 0..7 {
            opened.push(people.grace.open(json!({})).await.id);
        }
        opened.reverse();
        let mut found = ids(&people.grace, "?limit=3").await;
        while let Some(last) = found.last().cloned() {
            let more = ids(&people.grace, &format!("?limit=3&before={last}")).await;
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        assert_eq!(found, opened);
    });
}

#[test]
fn a_limit_of_nothing_or_of_too_much_is_brought_into_bounds() {
    tested(async |_writ, people| {
        people.grace.open(json!({})).await;
        people.grace.open(json!({})).await;
        assert_eq!(ids(&people.grace, "?limit=0").await.len(), 1);
        assert_eq!(ids(&people.grace, "?limit=4294967295").await.len(), 2);
    });
}

#[test]
fn malformed_queries_are_told_what_is_wrong() {
    tested(async |_writ, people| {
        let ask = async |query: &str| people.ada.get(&format!("/v1/sessions?{query}")).await.shown();
        assert_snapshot!(ask("live=maybe").await, @"400 invalid_request: the query does not fit: live: provided string was not `true` or `false`");
        assert_snapshot!(ask("limit=-1").await, @"400 invalid_request: the query does not fit: limit: invalid digit found in string");
        assert_snapshot!(ask("before=yesterday").await, @"400 invalid_request: `yesterday`: expected an id that starts with `ses_`");
        assert_snapshot!(ask("unknown=1").await, @"400 invalid_request: the query does not fit: unknown: unknown field `unknown`, expected one of `live`, `developer`, `project`, `sub_agents_of`, `before`, `limit`");
        assert_snapshot!(ask("developer=nobody").await, @"404 not_found: no developer `nobody`");
        assert_snapshot!(ask("project=nowhere").await, @"404 not_found: no project `nowhere`");
    });
}

#[test]
fn a_session_token_lists_nothing() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        for path in ["/v1/sessions", "/v1/cost", "/v1/developers", "/v1/log/verify"] {
            let answer = session.caller.get(path).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        }
        let answer: Value = session.caller.get("/v1/sessions").await.json();
        assert_snapshot!(answer["detail"].as_str().unwrap(), @"this is for a signed-in developer, and the bearer is a session's token");
    });
}
