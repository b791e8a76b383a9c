use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::{developer, tested};
use crate::support::{Caller, People, until};

/// Four calls: two of grace for checkout, one of grace for nothing, one of ada of a model that nobody knows.
async fn spend(people: &People) {
    let checkout = people.grace.open(json!({"project": "checkout"})).await;
    let plain = people.grace.open(json!({})).await;
    let admins = people.ada.open(json!({"project": "checkout"})).await;
    checkout.caller.message("cache(input=1000,output=100)", false).await;
    checkout.caller.message("cache(input=1000,output=100)", true).await;
    plain.caller.message("cache(input=500,output=50)", false).await;
    let unknown = crate::support::caller::request("hello", false).replace("claude-sonnet-5-5", "claude-unheard-of");
    let mut answer = admins.caller.call(unknown).await.unwrap();
    answer.rest().await;
    until("four settled calls", async || {
        let report = people.ada.get("/v1/cost").await.json();
        let total = &report["total"];
        (total["calls"] == 4 && total["held_usd_nanos"] == 0).then_some(())
    })
    .await;
}

/// The rows as lines: keys, calls, cost.
async fn rows(caller: &Caller, query: &str) -> String {
    let report = caller.get(&format!("/v1/cost?{query}")).await.json();
    let by: Vec<&str> = report["by"].as_array().unwrap().iter().map(|by| by.as_str().unwrap()).collect();
    let key = |row: &Value, by: &str| row["keys"][by]["name"].as_str().unwrap_or("(unattributed)").to_owned();
    let line = |row: &Value| {
        let keys: Vec<String> = by.iter().map(|by| key(row, by)).collect();
        format!("{}: {} calls, {}", keys.join(" "), row["calls"], row["cost_usd_nanos"])
    };
    let lines: Vec<String> = report["rows"].as_array().unwrap().iter().map(line).collect();
    let total = &report["total"];
    let sum: i64 = report["rows"].as_array().unwrap().iter().map(|row| row["cost_usd_nanos"].as_i64().unwrap()).sum();
    assert_eq!(total["cost_usd_nanos"], sum, "the total is the sum of the rows");
    format!("{}\ntotal: {} calls, {}", lines.join("\n"), total["calls"], total["cost_usd_nanos"])
}

#[test]
fn every_dimension_adds_up_and_shows_what_is_unattributed() {
    tested(async |_writ, people| {
        spend(people).await;
        let ada = &people.ada;
        assert_snapshot!(rows(ada, "by=developer").await, @"
        ada: 1 calls, 231750000
        grace: 3 calls, 97500000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=project").await, @"
        checkout: 3 calls, 297750000
        (unattributed): 1 calls, 31500000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=session").await, @"
        ses_ID: 1 calls, 231750000
        ses_ID: 2 calls, 66000000
        ses_ID: 1 calls, 31500000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=model").await, @"
        claude-unheard-of: 1 calls, 231750000
        claude-sonnet-5-5: 3 calls, 97500000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=team").await, @"
        (unattributed): 2 calls, 263250000
        payments: 2 calls, 66000000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=day").await, @"
        DATE: 4 calls, 329250000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=developer,project,day").await, @"
        ada checkout DATE: 1 calls, 231750000
        grace checkout DATE: 2 calls, 66000000
        grace (unattributed) DATE: 1 calls, 31500000
        total: 4 calls, 329250000
        ");
    });
}

#[test]
fn the_whole_report() {
    tested(async |_writ, people| {
        spend(people).await;
        assert_snapshot!(people.ada.get("/v1/cost?by=model&since=2020-01-01&until=2999-01-01").await.shown(), @r#"
        200
        {
          "by": [
            "model"
          ],
          "rows": [
            {
              "cache_read_tokens": 0,
              "cache_write_1h_tokens": 0,
              "cache_write_5m_tokens": 12000,
              "calls": 1,
              "cost_usd_nanos": 231750000,
              "estimated_calls": 0,
              "held_usd_nanos": 0,
              "input_tokens": 400,
              "keys": {
                "model": {
                  "id": "claude-unheard-of",
                  "name": "claude-unheard-of"
                }
              },
              "list_usd_nanos": 231750000,
              "output_tokens": 10,
              "unpriced_calls": 1,
              "web_searches": 0
            },
            {
              "cache_read_tokens": 0,
              "cache_write_1h_tokens": 0,
              "cache_write_5m_tokens": 36000,
              "calls": 3,
              "cost_usd_nanos": 97500000,
              "estimated_calls": 0,
              "held_usd_nanos": 0,
              "input_tokens": 2500,
              "keys": {
                "model": {
                  "id": "claude-sonnet-5-5",
                  "name": "claude-sonnet-5-5"
                }
              },
              "list_usd_nanos": 97500000,
              "output_tokens": 250,
              "unpriced_calls": 0,
              "web_searches": 0
            }
          ],
          "since": "TIME",
          "total": {
            "cache_read_tokens": 0,
            "cache_write_1h_tokens": 0,
            "cache_write_5m_tokens": 48000,
            "calls": 4,
            "cost_usd_nanos": 329250000,
            "estimated_calls": 0,
            "held_usd_nanos": 0,
            "input_tokens": 2900,
            "list_usd_nanos": 329250000,
            "output_tokens": 260,
            "unpriced_calls": 1,
            "web_searches": 0
          },
          "until": "TIME"
        }
        "#);
    });
}

#[test]
fn slices_of_a_slice() {
    tested(async |_writ, people| {
        spend(people).await;
        let ada = &people.ada;
        assert_snapshot!(rows(ada, "by=session&developer=grace&project=checkout").await, @"
        ses_ID: 2 calls, 66000000
        total: 2 calls, 66000000
        ");
        assert_snapshot!(rows(ada, "by=developer&since=1h").await, @"
        ada: 1 calls, 231750000
        grace: 3 calls, 97500000
        total: 4 calls, 329250000
        ");
        assert_snapshot!(rows(ada, "by=developer&until=2020-01-01").await, @"

        total: 0 calls, 0
        ");
        let session = ada.get("/v1/sessions?developer=ada").await.json()["sessions"][0]["id"].clone();
        assert_snapshot!(rows(ada, &format!("by=model&session={}", session.as_str().unwrap())).await, @"
        claude-unheard-of: 1 calls, 231750000
        total: 1 calls, 231750000
        ");
    });
}

#[test]
fn a_member_sees_only_their_own() {
    tested(async |writ, people| {
        spend(people).await;
        let grace = &people.grace;
        assert_snapshot!(rows(grace, "by=developer").await, @"
        grace: 3 calls, 97500000
        total: 3 calls, 97500000
        ");
        let refused = grace.get("/v1/cost?developer=ada").await.shown();
        assert_snapshot!(refused, @"403 forbidden: you may not see this cost: it is not yours, and you do not have the role `auditor` → ask for your own, or ask an administrator for the role `auditor`");
        assert_eq!(grace.get("/v1/cost?developer=nobody").await.shown(), refused);
        let foreign = people.ada.get("/v1/sessions?developer=ada").await.json()["sessions"][0]["id"].clone();
        let query = format!("session={}", foreign.as_str().unwrap());
        assert_snapshot!(rows(grace, &query).await, @"

        total: 0 calls, 0
        ");
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_eq!(rows(&lin, "by=developer").await, rows(&people.ada, "by=developer").await);
    });
}

#[test]
fn bad_questions_are_told_what_is_wrong() {
    tested(async |_writ, people| {
        let ask = async |query: &str| people.ada.get(&format!("/v1/cost?{query}")).await.shown();
        assert_snapshot!(ask("by=colour").await, @"400 invalid_request: cannot slice by `colour`: use developer, project, session, model, team or day");
        assert_snapshot!(ask("by=").await, @"400 invalid_request: cannot slice by ``: use developer, project, session, model, team or day");
        assert_snapshot!(ask("by=developer,project,session,model").await, @"400 invalid_request: slice cost by one to three of developer, project, session, model, team, day");
        assert_snapshot!(ask("since=yesterday").await, @"400 invalid_request: `yesterday` is no time: use `7d`, `24h`, a date, or RFC 3339");
        assert_snapshot!(ask("until=2026-02-30").await, @"400 invalid_request: `DATE` is no time: use `7d`, `24h`, a date, or RFC 3339");
        assert_snapshot!(ask("since=99999999999999999999d").await, @"400 invalid_request: `99999999999999999999d` is no time: use `7d`, `24h`, a date, or RFC 3339");
        assert_snapshot!(ask("session=x").await, @"400 invalid_request: `session`: expected an id that starts with `ses_`");
        assert_snapshot!(ask("project=nowhere").await, @"404 not_found: no project `nowhere`");
        assert_snapshot!(ask("sort=asc").await, @"400 invalid_request: the query does not fit: sort: unknown field `sort`, expected one of `by`, `since`, `until`, `developer`, `project`, `session`");
        assert_eq!(people.ada.get("/v1/cost?since=18446744073709551615d").await.status, 200);
    });
}
