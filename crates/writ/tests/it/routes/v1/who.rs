use insta::{allow_duplicates, assert_snapshot};
use serde_json::{Value, json};

use crate::routes::{developer, tested};
use crate::support::{Caller, Opened, Writ, send, until};

/// The client's own session in these tests.
const CLIENT_SESSION: &str = "0b5c1c1e-1111-4222-8333-944445555666";

/// A model call that names the client's session; its `request-id` at writ, once it is settled.
async fn call(writ: &Writ, session: &Opened, client_session: &str) -> String {
    let bearer = format!("Bearer {}", session.caller.token.as_ref().unwrap());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
        ("x-claude-code-session-id", client_session),
        ("user-agent", "claude-cli/2.0.0 (external, cli)"),
    ];
    let body = crate::support::caller::request("hello", false);
    let answer = send(http::Method::POST, &format!("{}/v1/messages", writ.url), &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    until("the call to be settled", || async {
        let metrics = writ.anonymous().get("/metrics").await.text();
        metrics.contains("\nwrit_calls_open 0\n").then_some(())
    })
    .await;
    answer.header("request-id").to_owned()
}

async fn who(caller: &Caller, thing: &str) -> Value {
    let answer = caller.get(&format!("/v1/who?thing={thing}")).await;
    assert_eq!(answer.status, 200, "{thing}: {}", answer.text());
    answer.json()
}

#[test]
fn a_call_leads_to_its_session_and_its_human() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        people.grace.open(json!({"project": "checkout"})).await;
        call(writ, &session, CLIENT_SESSION).await;
        let calls = people.grace.get(&format!("/v1/sessions/{}/calls", session.id)).await.json();
        let id = calls["calls"][0]["id"].as_str().unwrap();
        assert_snapshot!(people.ada.get(&format!("/v1/who?thing={id}")).await.shown(), @r#"
        200
        {
          "agent": {
            "agents": [],
            "client_sessions": [
              "0b5c1c1e-1111-4222-8333-944445555666"
            ],
            "user_agents": [
              "claude-cli/2.0.0 (external, cli)"
            ]
          },
          "approvals": [],
          "call": {
            "claims": {
              "agent": null,
              "client_session": "0b5c1c1e-1111-4222-8333-944445555666",
              "user_agent": "claude-cli/2.0.0 (external, cli)"
            },
            "cost_usd_nanos": 30900000,
            "hold_usd_nanos": 16038000,
            "id": "call_ID",
            "list_usd_nanos": 30900000,
            "model": "claude-sonnet-5-5",
            "model_served": "claude-sonnet-5-5",
            "outcome": "completed",
            "quality": "exact",
            "request_id": "req_ID",
            "reserved_at": "TIME",
            "session": "ses_ID",
            "settled_at": "TIME",
            "status": 200,
            "unpriced": false,
            "upstream": "up0",
            "upstream_request": "req_sim_ID",
            "usage": {
              "cache_read_tokens": 0,
              "cache_write_1h_tokens": 0,
              "cache_write_5m_tokens": 12000,
              "input_tokens": 400,
              "output_tokens": 10,
              "web_searches": 0
            }
          },
          "credential": null,
          "hidden": 0,
          "human": {
            "disabled": false,
            "display_name": "Grace Hopper",
            "erased_at": null,
            "id": "dev_ID",
            "login": "grace"
          },
          "links": [
            {
              "by": "ses_ID",
              "entry_type": "call.reserved",
              "evidence": "proof",
              "kind": "call",
              "position": 11,
              "says": "the call came with the session's own bearer",
              "time": "TIME",
              "value": "call_ID"
            }
          ],
          "neighbours": {
            "after": [],
            "at": "TIME",
            "before": [
              {
                "developer": "grace",
                "opened_at": "TIME",
                "over_at": null,
                "project": "checkout",
                "session": "ses_ID",
                "status": "active",
                "was_active": true
              }
            ],
            "of": "project"
          },
          "opened_in": 8,
          "outcome": "found",
          "policy": null,
          "session": {
            "agent": null,
            "budget_usd_nanos": null,
            "calls": 1,
            "developer": {
              "id": "dev_ID",
              "login": "grace"
            },
            "expires_at": "TIME",
            "held_usd_nanos": 0,
            "id": "ses_ID",
            "opened_at": "TIME",
            "over": null,
            "over_at": null,
            "parent": null,
            "profile": "default",
            "project": {
              "id": "prj_ID",
              "name": "checkout"
            },
            "spent_usd_nanos": 30900000,
            "status": "active",
            "team": {
              "id": "team_ID",
              "name": "payments"
            },
            "url": "URL/sessions/ses_ID"
          },
          "thing": "call_ID"
        }
        "#);
    });
}

#[test]
fn every_name_of_a_call_leads_to_the_same_session() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let request = call(writ, &session, CLIENT_SESSION).await;
        let calls = people.grace.get(&format!("/v1/sessions/{}/calls", session.id)).await.json();
        let of_call = |field: &str| calls["calls"][0][field].as_str().unwrap().to_owned();
        assert_eq!(of_call("request_id"), request);
        for (thing, kind, evidence, entry) in [
            (session.id.clone(), "session", "proof", "session.opened"),
            (of_call("id"), "call", "proof", "call.reserved"),
            (request, "request", "proof", "call.reserved"),
            (of_call("upstream_request"), "upstream_request", "proof", "call.settled"),
            (CLIENT_SESSION.to_owned(), "client_session", "claim", "session.alias_claimed"),
            (CLIENT_SESSION.to_uppercase(), "client_session", "claim", "session.alias_claimed"),
            (format!("s/{}/fix", session.id), "name_with_id", "claim", "session.opened"),
            (format!("writ_{}", session.id.to_lowercase()), "name_with_id", "claim", "session.opened"),
        ] {
            let told = who(&people.grace, &thing).await;
            assert_eq!(told["outcome"], "found", "{thing}: {told:#}");
            assert_eq!(told["session"]["id"], session.id, "{thing}");
            assert_eq!(told["human"]["login"], "grace", "{thing}");
            let link = &told["links"][0];
            assert_eq!([&link["kind"], &link["evidence"], &link["entry_type"]], [kind, evidence, entry], "{thing}");
            let is_of_call = matches!(kind, "call" | "request" | "upstream_request");
            assert_eq!(told["call"] != Value::Null, is_of_call, "{thing}");
            let stored = people.grace.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
            let at = stored["entries"].as_array().unwrap().iter().find(|stored| stored["position"] == link["position"]);
            assert_eq!(at.unwrap()["type"], entry, "{thing}");
        }
    });
}

/// Who asked for the entry is told too: the session's human did not revoke it.
#[test]
fn a_request_tells_who_made_it() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let revoked = people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), json!({"reason": "x"})).await;
        let told = who(&people.ada, revoked.header("request-id")).await;
        let link = &told["links"][0];
        assert_eq!([&link["entry_type"], &link["by"]], ["session.over", "ada"], "{told:#}");
        assert_eq!(told["human"]["login"], "grace");
    });
}

#[test]
fn a_client_session_that_went_on_elsewhere_is_ambiguous() {
    tested(async |writ, people| {
        let first = people.grace.open(json!({"project": "checkout"})).await;
        call(writ, &first, CLIENT_SESSION).await;
        first.caller.post(&format!("/v1/sessions/{}/end", first.id), json!({})).await;
        let second = people.ada.open(json!({})).await;
        call(writ, &second, CLIENT_SESSION).await;
        let path = format!("/v1/who?thing={CLIENT_SESSION}");
        assert_snapshot!(people.ada.get(&path).await.shown(), @r#"
        200
        {
          "candidates": [
            {
              "developer": "grace",
              "evidence": "claim",
              "kind": "client_session",
              "opened_at": "TIME",
              "position": 9,
              "session": "ses_ID",
              "value": "0b5c1c1e-1111-4222-8333-944445555666"
            },
            {
              "developer": "ada",
              "evidence": "claim",
              "kind": "client_session",
              "opened_at": "TIME",
              "position": 15,
              "session": "ses_ID",
              "value": "0b5c1c1e-1111-4222-8333-944445555666"
            }
          ],
          "hidden": 0,
          "outcome": "ambiguous",
          "thing": "0b5c1c1e-1111-4222-8333-944445555666"
        }
        "#);
        // Each sees their own, and that there is more.
        let told = people.grace.get(&path).await.json();
        assert_eq!((&told["session"]["id"], &told["hidden"]), (&json!(first.id), &json!(1)), "{told:#}");
    });
}

#[test]
fn somebody_elses_is_said_to_be_somebody_elses() {
    tested(async |writ, people| {
        let session = people.ada.open(json!({})).await;
        let request = call(writ, &session, CLIENT_SESSION).await;
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        for thing in [&session.id, &request, CLIENT_SESSION] {
            let answer = people.grace.get(&format!("/v1/who?thing={thing}")).await;
            allow_duplicates! { assert_snapshot!(answer.shown(), @"403 forbidden: this belongs to a session of somebody else's → ask an auditor or an administrator: they may see whose it is") };
            assert!(!answer.text().contains("ada"), "{}", answer.text());
            assert_eq!(who(&lin, thing).await["human"]["login"], "ada");
        }
        let neighbours = who(&people.grace, &people.grace.open(json!({})).await.id).await["neighbours"].clone();
        assert!(!neighbours.to_string().contains(&session.id), "{neighbours:#}");
    });
}

#[test]
fn a_developer_is_found_by_those_who_may_see_them() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let told = people.ada.get("/v1/who?thing=grace").await;
        assert_snapshot!(told.shown(), @r#"
        200
        {
          "agent": {
            "agents": [],
            "client_sessions": [],
            "user_agents": []
          },
          "approvals": [],
          "call": null,
          "credential": null,
          "hidden": 0,
          "human": {
            "disabled": false,
            "display_name": "Grace Hopper",
            "erased_at": null,
            "id": "dev_ID",
            "login": "grace"
          },
          "links": [
            {
              "by": null,
              "entry_type": null,
              "evidence": "proof",
              "kind": "developer",
              "position": null,
              "says": "this is the human",
              "time": null,
              "value": "dev_ID"
            }
          ],
          "neighbours": {
            "after": [],
            "at": null,
            "before": [
              {
                "developer": "grace",
                "opened_at": "TIME",
                "over_at": null,
                "project": null,
                "session": "ses_ID",
                "status": "active",
                "was_active": true
              }
            ],
            "of": "developer"
          },
          "opened_in": null,
          "outcome": "found",
          "policy": null,
          "session": null,
          "thing": "grace"
        }
        "#);
        assert_eq!(told.json()["neighbours"]["before"][0]["session"], session.id);
        assert_eq!(who(&people.grace, "grace").await["human"]["login"], "grace");
        // Nobody learns who has a name here.
        let (known, nobody) = (who(&people.grace, "ada").await, who(&people.grace, "bob").await);
        assert_eq!(known["outcome"], "unknown");
        assert_eq!(known.to_string().replace("\"ada\"", "\"bob\""), nobody.to_string());
    });
}

#[test]
fn unknown_says_where_it_was_looked_for() {
    tested(async |_writ, people| {
        assert_snapshot!(people.ada.get("/v1/who?thing=c0ffee1").await.shown(), @r#"
        200
        {
          "outcome": "unknown",
          "searched": [
            {
              "kinds": [
                "commit",
                "pull_request",
                "request",
                "upstream_request",
                "client_session",
                "agent",
                "certificate_serial",
                "aws_access_key",
                "aws_role_session",
                "database_role",
                "lock_token",
                "credential",
                "token_id",
                "token_hash",
                "credential_handle"
              ],
              "names": [
                "c0ffee1"
              ],
              "place": "everything that sessions left in other systems, by its whole name"
            },
            {
              "kinds": [
                "commit"
              ],
              "names": [
                "c0ffee1"
              ],
              "place": "all recorded commits, by the digits their ids start with"
            },
            {
              "kinds": [
                "developer"
              ],
              "names": [
                "c0ffee1"
              ],
              "place": "developers, by id or sign-in name"
            }
          ],
          "thing": "c0ffee1"
        }
        "#);
        let places = async |thing: &str| {
            let told = who(&people.ada, thing).await;
            assert_eq!(told["outcome"], "unknown", "{thing}");
            let searched = told["searched"].as_array().unwrap().clone();
            searched.iter().map(|place| place["place"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("; ")
        };
        assert_snapshot!(places("ses_00000000000000000000000000").await, @"all sessions that ever were, by id");
        assert_snapshot!(places("call_00000000000000000000000000").await, @"all model calls, by id");
        assert_snapshot!(places("req_00000000000000000000000000").await, @"everything that sessions left in other systems, by its whole name; model calls made within three minutes of the request; developers, by id or sign-in name");
        assert_snapshot!(places("dev_00000000000000000000000000").await, @"everything that sessions left in other systems, by its whole name; developers, by id or sign-in name");
        assert_snapshot!(places("role_ses_00000000000000000000000000").await, @"everything that sessions left in other systems, by its whole name; developers, by id or sign-in name; all sessions that ever were, by id");
        assert_snapshot!(places("acme/shop%2312").await, @"everything that sessions left in other systems, by its whole name; developers, by id or sign-in name");
        assert_snapshot!(places("4711&kind=certificate_serial").await, @"everything that sessions left in other systems, by its whole name");
    });
}

#[test]
fn what_cannot_be_asked_is_refused() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        assert_snapshot!(people.ada.get("/v1/who?thing=").await.shown(), @"400 invalid_request: a thing to ask for has 1 to 256 characters and no line breaks");
        assert_snapshot!(people.ada.get(&format!("/v1/who?thing={}", "x".repeat(300))).await.shown(), @"400 invalid_request: a thing to ask for has 1 to 256 characters and no line breaks");
        assert_snapshot!(people.ada.get("/v1/who").await.shown(), @"400 invalid_request: the query does not fit: missing field `thing`");
        assert_snapshot!(people.ada.get("/v1/who?thing=x&kind=colour").await.shown(), @"400 invalid_request: `kind`: not a kind of thing");
        assert_snapshot!(session.caller.get("/v1/who?thing=x").await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
        assert_snapshot!(writ.anonymous().get("/v1/who?thing=x").await.shown(), @"401 unauthenticated: this needs `authorization: Bearer` with a writ token → sign in with `writ login`");
    });
}
