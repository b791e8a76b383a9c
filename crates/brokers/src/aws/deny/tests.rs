#![allow(clippy::unwrap_used)]

use super::*;

fn denied(userids: &[&str], sessions: &[&str]) -> Denied {
    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Denied { userids: set(userids), sessions: set(sessions) }
}

#[test]
fn a_deny_names_credentials_and_sessions_and_is_read_again() {
    let both = denied(&["*:ses_1.2.*", "*:ses_1.1.*"], &["ses_3"]);
    assert_eq!(
        both.document(),
        r#"{"Statement":[{"Action":"*","Condition":{"StringLike":{"aws:userid":["*:ses_1.1.*","*:ses_1.2.*"]}},"Effect":"Deny","Resource":"*"},{"Action":"*","Condition":{"StringEquals":{"aws:PrincipalTag/session":["ses_3"]}},"Effect":"Deny","Resource":"*"}],"Version":"2012-10-17"}"#
    );
    for one in [both, denied(&["*:a.1.*"], &[]), denied(&[], &["ses_1", "ses_2"])] {
        assert_eq!(Denied::read(&serde_json::from_str(&one.document()).unwrap()), Some(one));
    }
}

/// Putting policies together must not lose what somebody else wrote into one.
#[test]
fn a_policy_that_says_more_is_not_read() {
    let mut policy: Value = serde_json::from_str(&denied(&["*:ses_1.1.*"], &[]).document()).unwrap();
    assert!(Denied::read(&policy).is_some());
    policy["Statement"][0]["Condition"]["StringLike"]["aws:username"] = json!("eve");
    assert_eq!(Denied::read(&policy), None);
    assert_eq!(Denied::read(&json!({"Statement": {"Effect": "Deny"}})), None);
}

#[test]
fn a_name_says_until_when_and_is_another_for_other_words() {
    let until = Time::from_unix_millis(1_795_381_200_999);
    let name = denied(&["*:ses_1.1.*"], &[]).name(until);
    assert_eq!((name.until, name.count), (1_795_381_200, 1));
    assert!(name.to_string().starts_with("writ-deny-1795381200-1-"), "{name}");
    assert_eq!(DenyName::read(&name.to_string()), Some(name.clone()));
    assert_ne!(name, denied(&["*:ses_1.2.*"], &[]).name(until));
    assert_ne!(name, denied(&[], &["*:ses_1.1.*"]).name(until));
    let foreign = [
        "writ-deny-",
        "writ-deny-1-1-abc",
        "writ-deny-1-0123456789abcdef",
        "writ-deny-+1-1-0123456789abcdef",
        "writ-deny-1-1-0123456789abcdef-x",
        "deny-1-1-0123456789abcdef",
        "s3",
    ];
    for foreign in foreign {
        assert_eq!(DenyName::read(foreign), None, "{foreign}");
    }
}
