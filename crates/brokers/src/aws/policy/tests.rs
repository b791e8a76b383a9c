#![allow(clippy::unwrap_used)]

use super::*;

fn read(policy: &str) -> Result<Statements, String> {
    Statements::read(&serde_json::from_str(policy).unwrap())
}

#[test]
fn several_policies_are_one_after_another_without_their_names() {
    let first = read(
        r#"{"Version":"2012-10-17","Id":"a","Statement":[
            {"Sid":"x","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/ada/*"}]}"#,
    );
    let second = read(r#"{"Statement":{"Sid":"x","Effect":"Deny","NotAction":"s3:*","Resource":"*"}}"#);
    assert_eq!(
        Statements::merge([&first.unwrap(), &second.unwrap()]).unwrap(),
        r#"{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:aws:s3:::b/ada/*"},{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}],"Version":"2012-10-17"}"#
    );
}

#[test]
fn what_is_no_session_policy_is_refused() {
    let cases = [
        ("[]", "is not a JSON object"),
        ("{}", "has no `Statement`"),
        (r#"{"Statement":[]}"#, "has no `Statement`"),
        (r#"{"Statement":[1]}"#, "has a statement that is not a JSON object"),
        (r#"{"Statements":[]}"#, "has `Statements`, which no IAM policy has"),
        (r#"{"Version":"2008-10-17","Statement":[]}"#, "is not of version 2012-10-17"),
        (
            r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#,
            "has a statement without `Effect` of `Allow` or `Deny`",
        ),
        (r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#, "has a statement without `Action` or `Resource`"),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#,
            "has a statement with a principal, which a session policy cannot have",
        ),
    ];
    for (policy, wrong) in cases {
        assert_eq!(read(policy), Err(wrong.to_owned()), "{policy}");
    }
}

#[test]
fn a_policy_has_2048_characters_at_most() {
    let of = |chars: usize| {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "ä".repeat(chars)}});
        Statements::read(&policy).unwrap()
    };
    let empty = Statements::merge([&of(0)]).unwrap().len();
    assert!(Statements::merge([&of(SESSION_POLICY_CHARS_MAX - empty)]).is_ok());
    assert_eq!(Statements::merge([&of(SESSION_POLICY_CHARS_MAX - empty + 1)]), Err(SESSION_POLICY_CHARS_MAX + 1));
}
