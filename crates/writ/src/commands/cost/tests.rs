#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{CostRow, csv, dimensions, dollars, query, read, table};
use crate::cli::{Cost, Dimension};

fn rows() -> Vec<CostRow> {
    let first = json!({
        "keys": { "developer": { "id": "dev_1", "name": "grace" }, "day": "2026-11-22" },
        "calls": 12, "cost_usd_nanos": 1_234_567_890, "list_usd_nanos": 1_234_567_890, "held_usd_nanos": 5,
        "input_tokens": 10, "cache_write_5m_tokens": 20, "cache_write_1h_tokens": 1, "cache_read_tokens": 30,
        "output_tokens": 40, "web_searches": 0, "estimated_calls": 1, "unpriced_calls": 0, "later_field": true,
    });
    let second = json!({ "keys": { "developer": null, "day": "2026-11-22" }, "calls": 1, "cost_usd_nanos": 6 });
    [first, second].into_iter().map(|row| read(row).unwrap()).collect()
}

#[test]
fn people_see_a_table_with_the_total_and_its_doubts() {
    let total = CostRow { calls: 13, cost_usd_nanos: 1_234_567_896, estimated_calls: 1, ..CostRow::default() };
    insta::assert_snapshot!(table(&["developer", "day"], &rows(), &total), @r"
    DEVELOPER     DAY         CALLS     COST  INPUT  CACHE WRITE  CACHE READ  OUTPUT
    grace         2026-11-22     12  $1.2346     10           21          30      40
    unattributed  2026-11-22      1  $0.0000      0            0           0       0
    total                        13  $1.2346      0            0           0       0
    1 of 13 calls are estimated
    ");
}

#[test]
fn spreadsheets_get_exact_figures() {
    insta::assert_snapshot!(csv(&["developer"], &rows()), @r"
    developer,calls,cost_usd,list_usd,held_usd,input_tokens,cache_write_5m_tokens,cache_write_1h_tokens,cache_read_tokens,output_tokens,web_searches,estimated_calls,unpriced_calls
    grace,12,1.234567890,1.234567890,0.000000005,10,20,1,30,40,0,1,0
    unattributed,1,0.000000006,0.000000000,0.000000000,0,0,0,0,0,0,0,0
    ");
    assert_eq!(dollars(-1), "-0.000000001");
}

#[test]
fn the_question_is_escaped_and_each_dimension_asked_once() {
    let by = [Dimension::Day, Dimension::Model, Dimension::Day];
    assert_eq!(dimensions(&by), ["day", "model"]);
    let cost = Cost { by: by.to_vec(), since: "2026-11-01".into(), until: Some("a&b".into()), json: false, csv: false };
    assert_eq!(query(&cost, &["day", "model"]), "/v1/cost?by=day,model&since=2026-11-01&until=a%26b");
}
