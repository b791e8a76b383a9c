//! `/cost.csv` and `/cost.json`.

use insta::assert_snapshot;

use super::{Browser, populate, tested};

#[test]
fn the_csv_is_rfc_4180_with_a_line_per_slice() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "ada").await;
        let csv = browser.get("/cost.csv?by=developer,project").await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(csv.header("content-disposition"), "attachment; filename=\"cost.csv\"");
        assert!(csv.text().split_inclusive('\n').all(|line| line.ends_with("\r\n")), "{}", csv.text());
        assert_snapshot!(csv.text().replace("\r\n", "\n"), @"
        developer,project,calls,cost_usd_nanos,list_usd_nanos,held_usd_nanos,input_tokens,cache_write_5m_tokens,cache_write_1h_tokens,cache_read_tokens,output_tokens,web_searches,estimated_calls,unpriced_calls
        grace,checkout,2,63900000,63900000,0,1400,24000,0,0,110,0,0,0
        ada,,1,30900000,30900000,0,400,12000,0,0,10,0,0,0
        ");
    });
}

#[test]
fn the_json_is_what_the_api_says() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "ada").await;
        let console = browser.get("/cost.json?by=model&since=2020-01-01").await.json();
        let api = people.ada.get("/v1/cost?by=model&since=2020-01-01").await.json();
        assert_eq!(console, api);
    });
}
