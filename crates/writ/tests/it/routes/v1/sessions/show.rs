use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};
use crate::support::{PATIENCE, Writ, within};

/// Waits until the log holds the settlement of every call.
async fn settled(writ: &Writ) {
    within("every call to be settled", async {
        loop {
            let metrics = writ.anonymous().get("/metrics").await.text();
            if metrics.contains("\nwrit_calls_open 0\n") {
                return;
            }
            tokio::time::sleep(PATIENCE / 1000).await;
        }
    })
    .await;
}

#[test]
fn shows_its_money_and_its_calls() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        assert_eq!(session.caller.message("hello", true).await.status, 200);
        settled(writ).await;
        let path = format!("/v1/sessions/{}", session.id);
        assert_snapshot!(people.grace.get(&path).await.shown(), @r#"
        200
        {
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
        }
        "#);
        assert_snapshot!(people.grace.get(&format!("{path}/calls")).await.shown(), @r#"
        200
        {
          "calls": [
            {
              "claims": {
                "agent": null,
                "client_session": null,
                "user_agent": null
              },
              "cost_usd_nanos": 30900000,
              "hold_usd_nanos": 16033600,
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
            }
          ]
        }
        "#);
    });
}

#[test]
fn its_entries_tell_the_whole_story() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        session.caller.message("hello", false).await;
        settled(writ).await;
        let path = format!("/v1/sessions/{}", session.id);
        people.ada.post(&format!("{path}/revoke"), json!({"reason": "enough"})).await;
        assert_snapshot!(people.grace.get(&format!("{path}/entries")).await.shown(), @r#"
        200
        {
          "entries": [
            {
              "entry": {
                "actor": {
                  "developer": "dev_ID"
                },
                "body": {
                  "beats": false,
                  "budget": null,
                  "developer": "dev_ID",
                  "expires_at": MILLIS,
                  "parent": null,
                  "profile": "default",
                  "project": "prj_ID",
                  "session": "ses_ID",
                  "team": "team_ID",
                  "token": "HASH"
                },
                "chain": {
                  "seq": 0
                },
                "node": "node_ID",
                "request": "req_ID",
                "time": MILLIS,
                "type": "session.opened",
                "v": 2
              },
              "leaf": "HASH",
              "position": 8,
              "time": "TIME",
              "type": "session.opened"
            },
            {
              "entry": {
                "actor": {
                  "session": "ses_ID"
                },
                "body": {
                  "call": "call_ID",
                  "claims": {},
                  "developer": "dev_ID",
                  "hold": 16038000,
                  "model": "claude-sonnet-5-5",
                  "node": "node_ID",
                  "project": "prj_ID",
                  "session": "ses_ID",
                  "team": "team_ID"
                },
                "chain": {
                  "prev": "HASH",
                  "seq": 1
                },
                "node": "node_ID",
                "request": "req_ID",
                "time": MILLIS,
                "type": "call.reserved",
                "v": 2
              },
              "leaf": "HASH",
              "position": 9,
              "time": "TIME",
              "type": "call.reserved"
            },
            {
              "entry": {
                "actor": "system",
                "body": {
                  "call": "call_ID",
                  "developer": "dev_ID",
                  "hold": 16038000,
                  "model": "claude-sonnet-5-5",
                  "project": "prj_ID",
                  "reserved_at": MILLIS,
                  "session": "ses_ID",
                  "settlement": {
                    "book": "BOOK",
                    "cost": 30900000,
                    "list": 30900000,
                    "model": "claude-sonnet-5-5",
                    "outcome": "completed",
                    "quality": "exact",
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
                  "team": "team_ID"
                },
                "chain": {
                  "prev": "HASH",
                  "seq": 2
                },
                "node": "node_ID",
                "request": "req_ID",
                "time": MILLIS,
                "type": "call.settled",
                "v": 2
              },
              "leaf": "HASH",
              "position": 10,
              "time": "TIME",
              "type": "call.settled"
            },
            {
              "entry": {
                "actor": {
                  "developer": "dev_ID"
                },
                "body": {
                  "by": {
                    "developer": "dev_ID"
                  },
                  "how": "revoked",
                  "reason": "enough",
                  "session": "ses_ID"
                },
                "chain": {
                  "prev": "HASH",
                  "seq": 3
                },
                "node": "node_ID",
                "request": "req_ID",
                "time": MILLIS,
                "type": "session.over",
                "v": 2
              },
              "leaf": "HASH",
              "position": 11,
              "time": "TIME",
              "type": "session.over"
            },
            {
              "entry": {
                "actor": {
                  "developer": "dev_ID"
                },
                "body": {
                  "session": "ses_ID"
                },
                "chain": {
                  "prev": "HASH",
                  "seq": 4
                },
                "node": "node_ID",
                "request": "req_ID",
                "time": MILLIS,
                "type": "session.closed",
                "v": 2
              },
              "leaf": "HASH",
              "position": 12,
              "time": "TIME",
              "type": "session.closed"
            }
          ]
        }
        "#);
    });
}

#[test]
fn calls_come_in_pages_newest_first() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        for _ in 0..3 {
            session.caller.message("hello", false).await;
        }
        settled(writ).await;
        let path = format!("/v1/sessions/{}/calls", session.id);
        let ids = async |query: &str| {
            let body = people.grace.get(&format!("{path}{query}")).await.json();
            let calls = body["calls"].as_array().unwrap().clone();
            calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let all = ids("").await;
        assert_eq!(all.len(), 3);
        assert!(all.is_sorted_by(|left, right| left > right), "{all:?}");
        assert_eq!(ids("?limit=2").await, all[..2]);
        assert_eq!(ids(&format!("?limit=2&before={}", all[1])).await, all[2..]);
        assert_snapshot!(people.grace.get(&format!("{path}?before=x")).await.shown(), @"400 invalid_request: `before`: expected an id that starts with `call_`");
    });
}

#[test]
fn somebody_elses_session_does_not_exist_for_a_member() {
    tested(async |writ, people| {
        let session = people.ada.open(json!({})).await;
        let nobodys = "ses_00000000000000000000000000";
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        for below in ["", "/calls", "/entries"] {
            let foreign = people.grace.get(&format!("/v1/sessions/{}{below}", session.id)).await.shown();
            let unknown = people.grace.get(&format!("/v1/sessions/{nobodys}{below}")).await.shown();
            assert_eq!(foreign.replace(&session.id, nobodys), unknown);
            assert_eq!(lin.get(&format!("/v1/sessions/{}{below}", session.id)).await.status, 200);
        }
        assert_snapshot!(people.grace.get(&format!("/v1/sessions/{}", session.id)).await.shown(), @"404 not_found: no session `ses_ID`");
    });
}

#[test]
fn a_session_reads_itself_and_no_other() {
    tested(async |_writ, people| {
        let (one, two) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        assert_eq!(one.caller.get(&format!("/v1/sessions/{}", one.id)).await.status, 200);
        assert_eq!(one.caller.get(&format!("/v1/sessions/{}", two.id)).await.status, 404);
    });
}

#[test]
fn what_is_no_id_is_said_to_be_none() {
    tested(async |_writ, people| {
        let show = async |id: &str| people.ada.get(&format!("/v1/sessions/{id}")).await.shown();
        assert_snapshot!(show("42").await, @"400 invalid_request: `42`: expected an id that starts with `ses_`");
        assert_snapshot!(show("ses_short").await, @"400 invalid_request: `ses_short`: expected 26 characters after the prefix, found 5");
        assert_snapshot!(show("ses_0000000000000000000000000l").await, @"400 invalid_request: `ses_0000000000000000000000000l`: character 26 is not upper-case Crockford base 32");
        assert_snapshot!(show("dev_00000000000000000000000000").await, @"400 invalid_request: `dev_ID`: expected an id that starts with `ses_`");
        assert_snapshot!(show("%FF").await, @"400 invalid_request: the request cannot be read");
    });
}
