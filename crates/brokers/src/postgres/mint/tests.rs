use serde_json::json;

use super::super::role::tests::order;
use super::super::settings::Settings;
use super::*;

#[test]
fn the_statements_never_hold_the_password() {
    let settings = Settings::read(
        &json!({
            "host": "localhost", "user": "broker",
            "targets": { "app": { "database": "app", "group": "it's \"rw\"", "statement_timeout_seconds": 60 } },
        })
        .to_string(),
    )
    .unwrap();
    let order = order("O'Brien", "payments");
    let made = Made { role: name(&order), password: Password::new(&[1; 32]) };
    let until = timestamp(order.expires_at).unwrap();
    let target = settings.targets.values().next().unwrap();
    let text = statements(&made, &order, target, &target.group, until);
    assert!(!text.contains(made.password.clear.as_str()));
    let text = text.replace(&made.password.verifier, "VERIFIER").replace("; ", "\n");
    insta::assert_snapshot!(text, @r#"
    CREATE ROLE "s_01m3250v000000000000000002_7_o_brien_payments" LOGIN CONNECTION LIMIT 5 PASSWORD 'VERIFIER' VALID UNTIL '2026-09-21T14:18:20Z' IN ROLE "it's ""rw"""
    ALTER ROLE "s_01m3250v000000000000000002_7_o_brien_payments" SET role = 'it''s "rw"'
    ALTER ROLE "s_01m3250v000000000000000002_7_o_brien_payments" SET statement_timeout = '60s'
    COMMENT ON ROLE "s_01m3250v000000000000000002_7_o_brien_payments" IS '{"session.id":"ses_01M3250V000000000000000002","credential.id":"cred_01M3250V000000000000000001","developer.id":"dev_01M3250V000000000000000003","developer.login":"O''Brien","project.id":"prj_01M3250V000000000000000004","project.name":"payments","profile":"dev"}'
    "#);
}
