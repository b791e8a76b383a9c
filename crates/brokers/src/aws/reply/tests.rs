#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// In the form of the STS API reference, AssumeRoleWithWebIdentity, "Examples".
const ANSWER: &str = r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/agent/app1</Arn></AssumedRoleUser>
    <Credentials>
      <SessionToken>AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE&#x3D;&amp;</SessionToken>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <Expiration>2014-10-24T23:00:23Z</Expiration>
      <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>"#;

fn error(answer: &str) -> Strange {
    Document::read(answer.as_bytes()).err().unwrap_or_else(|| panic!("understood: {answer}"))
}

#[test]
fn elements_are_found_by_the_end_of_their_path() {
    let document = Document::read(ANSWER.as_bytes()).unwrap();
    assert_eq!(document.one("Credentials/AccessKeyId"), Ok("ASgeIAIOSFODNN7EXAMPLE"));
    assert_eq!(document.one("Credentials/SessionToken"), Ok("AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE=&"));
    assert_eq!(document.one("edentials/AccessKeyId"), Err(Strange::NotOne("edentials/AccessKeyId")));
    assert_eq!(document.one("Credentials"), Err(Strange::NotOne("Credentials")));
}

#[test]
fn a_list_is_read_in_order() {
    let list = "<R><PolicyNames><member>b</member><member>a</member></PolicyNames><member>c</member></R>";
    let document = Document::read(list.as_bytes()).unwrap();
    assert_eq!(document.all("PolicyNames/member").collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(document.one("PolicyNames/member"), Err(Strange::NotOne("PolicyNames/member")));
}

#[test]
fn an_answer_that_is_cut_anywhere_is_an_error() {
    for end in 0..ANSWER.len() {
        error(&ANSWER[..end]);
    }
    let inside_a_key = ANSWER.find("AQoDYX").unwrap() + 10;
    assert_eq!(error(&ANSWER[..inside_a_key]), Strange::Cut);
}

/// "Billion laughs", an external entity, an entity that nobody declared.
#[test]
fn nothing_expands() {
    let laughs = r#"<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><R><Code>&b;</Code></R>"#;
    let external = r#"<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><R><Code>&x;</Code></R>"#;
    for bomb in [laughs, external, "<R><Code>&b;</Code></R>", "<R>&#x110000;</R>", "<?php x ?><R/>"] {
        assert_eq!(error(bomb), Strange::Malformed, "{bomb}");
    }
}

#[test]
fn what_is_not_such_xml_is_refused() {
    let cases = ["", "ok", "{\"Credentials\":{}}", "<R></Q>", "<R/><R/>", "<R/>x", "x<R/>", "<R>&</R>", "<R", "</R>"];
    for garbage in cases {
        error(garbage);
    }
    assert_eq!(Document::read(b"<R>\xff</R>").err(), Some(Strange::Malformed));
}

#[test]
fn an_answer_has_bounds() {
    assert_eq!(error(&format!("<R>{}</R>", "x".repeat(REPLY_BYTES_MAX))), Strange::TooMuch);
    assert_eq!(error(&format!("<R>{}</R>", "<m/>".repeat(REPLY_ELEMENTS_MAX))), Strange::TooMuch);
    assert_eq!(error(&"<R>".repeat(REPLY_DEPTH_MAX + 1)), Strange::TooMuch);
    let fits = format!("<R>{}</R>", "<m/>".repeat(REPLY_ELEMENTS_MAX - 1));
    assert_eq!(Document::read(fits.as_bytes()).unwrap().all("m").count(), REPLY_ELEMENTS_MAX - 1);
}
