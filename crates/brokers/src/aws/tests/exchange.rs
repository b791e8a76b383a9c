//! The exchange: what is asked, what is made of the answer.

use super::stand_in::{assumed, failed};
use super::*;
use crate::broker::{Fault, WireError};

fn asked(aws: &StandIn) -> (String, Option<String>, Value) {
    let requests = aws.requests.lock().unwrap();
    let (host, signature, fields) = requests.last().unwrap().clone();
    (host, signature, json!(fields))
}

#[tokio::test]
async fn with_a_token_the_request_is_not_signed_and_names_the_session() {
    let aws = Arc::new(StandIn::default());
    let minted = mint(&*web_identity(json!({})), &order(), &aws).await.unwrap();
    let (host, signature, fields) = asked(&aws);
    let name = format!("{}.7.ada@corp.example", order().session);
    assert_eq!((host.as_str(), signature), ("sts.eu-central-1.amazonaws.com", None));
    assert_eq!(
        fields,
        json!({
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": name,
            "DurationSeconds": "3600", "WebIdentityToken": "token for sts.amazonaws.com of 300s",
            "Policy": r#"{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}"#,
        })
    );
    assert_eq!(minted.expires_at, order().expires_at);
    assert_eq!(
        minted.names,
        [(ArtifactKind::AwsRoleSession, name), (ArtifactKind::AwsAccessKey, "ASIAEXAMPLE".to_owned())]
    );
    assert_eq!(
        serde_json::to_value(&minted.secret).unwrap(),
        json!({
            "access_key_id": "ASIAEXAMPLE", "secret_access_key": "the-secret-key", "session_token": "the-session-token",
            "account_id": "123456789012",
        })
    );
}

#[tokio::test]
async fn with_a_key_the_request_is_signed_and_carries_tags_and_source_identity() {
    let aws = Arc::new(StandIn::default());
    let names = ["access_key_id", "secret_access_key", "session_token"];
    let broker = open(&settings("assume_role", json!({})).to_string(), secrets(&names)).unwrap();
    mint(&*broker, &order(), &aws).await.unwrap();
    let (_, signature, mut fields) = asked(&aws);
    let signature = signature.unwrap();
    assert!(
        signature.starts_with(
            "AWS4-HMAC-SHA256 Credential=value-of-access_key_id/20261122/eu-central-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
        ),
        "{signature}"
    );
    let session = order().session.to_string();
    fields.as_object_mut().unwrap().remove("Policy");
    assert_eq!(
        fields,
        json!({
            "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "DurationSeconds": "3600",
            "RoleSessionName": format!("{session}.7.ada@corp.example"),
            "SourceIdentity": format!("{session}.ada@corp.example"),
            "Tags.member.1.Key": "session", "Tags.member.1.Value": session,
            "Tags.member.2.Key": "developer", "Tags.member.2.Value": "ada@corp.example",
            "Tags.member.3.Key": "project", "Tags.member.3.Value": "payments",
            "Tags.member.4.Key": "profile", "Tags.member.4.Value": "dev-write",
            "TransitiveTagKeys.member.1": "session", "TransitiveTagKeys.member.2": "developer",
            "TransitiveTagKeys.member.3": "project",
        })
    );
}

#[tokio::test]
async fn the_scope_chooses_the_policies() {
    let aws = Arc::new(StandIn::default());
    let broker = web_identity(json!({}));
    let cases = [
        (Scope::default(), vec!["s3:GetObject"]),
        (scope("policy", &["*"]), vec!["s3:GetObject"]),
        (scope("policy", &["write"]), vec!["s3:PutObject"]),
        (scope("policy", &["read", "write"]), vec!["s3:GetObject", "s3:PutObject"]),
    ];
    for (scope, expected) in cases {
        mint(&*broker, &Order { scope, ..order() }, &aws).await.unwrap();
        let policy: Value = serde_json::from_str(asked(&aws).2["Policy"].as_str().unwrap()).unwrap();
        let actions: Vec<&str> =
            policy["Statement"].as_array().unwrap().iter().map(|one| one["Action"].as_str().unwrap()).collect();
        assert_eq!(actions, expected);
    }
    let unknown = Order { scope: scope("policy", &["gone"]), ..order() };
    assert_eq!(mint(&*broker, &unknown, &aws).await.unwrap_err().fault, Fault::Asker);
    let optional = web_identity(json!({"policy": "optional", "policies": {}, "default_policies": null}));
    mint(&*optional, &order(), &aws).await.unwrap();
    assert_eq!(asked(&aws).2.get("Policy"), None);
}

#[tokio::test]
async fn the_life_is_what_is_left_of_the_order_within_what_aws_gives() {
    let aws = Arc::new(StandIn::default());
    for (left, asked_for) in [(1800, 1800), (1801, 1801), (900, 900), (60, 900), (36_000, 3600)] {
        let order = Order { expires_at: NOW + Span::from_secs(left), ..order() };
        let minted = mint(&*web_identity(json!({})), &order, &aws).await.unwrap();
        assert_eq!(asked(&aws).2["DurationSeconds"], json!(asked_for.to_string()), "{left}");
        assert_eq!(minted.expires_at, NOW + Span::from_secs(asked_for));
    }
}

/// Ten minutes either way work, and what writ says of the expiry is by its own clock; more is refused.
#[tokio::test]
async fn clocks_may_differ_by_a_quarter_of_an_hour() {
    for ahead in [-600, 600, -900, 900] {
        let aws = Arc::new(StandIn { ahead, ..StandIn::default() });
        let minted = mint(&*web_identity(json!({})), &order(), &aws).await.unwrap();
        assert_eq!(minted.expires_at, order().expires_at, "{ahead}");
    }
    for ahead in [-901, 901] {
        let aws = Arc::new(StandIn { ahead, ..StandIn::default() });
        let error = mint(&*web_identity(json!({})), &order(), &aws).await.unwrap_err();
        assert!(error.maybe_minted && error.text.contains("the clocks differ"), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_one_is_an_error_that_repeats_nothing() {
    let good = assumed(&format!("{}.7.ada@corp.example", order().session), "2026-11-22T21:00:00Z");
    let answers = [
        "GARBAGE".to_owned(),
        String::new(),
        good[..good.len() - 30].to_owned(),
        good.replace("the-session-token", "LEAKED one"),
        good.replace("the-session-token", ""),
        good.replace("</Credentials>", "<AccessKeyId>LEAKED</AccessKeyId></Credentials>"),
        good.replace("2026-11-22T21:00:00Z", "tomorrow"),
        good.replace("2026-11-22T21:00:00Z", "2016-11-22T21:00:00Z"),
        good.replace("ada@corp.example", "eve@corp.example"),
        format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{good}"),
    ];
    for answer in answers {
        let says = answer.clone();
        let aws = StandIn::answering(move |_| Some(Ok((200, says.clone()))));
        let error = mint(&*web_identity(json!({})), &order(), &aws).await.expect_err(&answer);
        assert!(error.maybe_minted && error.may_pass && error.fault == Fault::Target, "{error:?}");
        assert!(error.text.starts_with("AWS STS's answer is not understood: it"), "{error:?}");
        assert!(!error.text.contains("LEAKED") && !error.text.contains("GARBAGE"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_explained_in_our_words() {
    let cases = [
        (403, "AccessDenied", Fault::Operator, false, "its trust policy must allow"),
        (400, "InvalidIdentityToken", Fault::Operator, false, "cannot verify writ's token"),
        (400, "ExpiredTokenException", Fault::Operator, false, "the clock of writ's machine is slow"),
        (400, "IDPCommunicationError", Fault::Target, true, "cannot fetch writ's published keys"),
        (400, "MalformedPolicyDocument", Fault::Operator, false, "`policies`"),
        (400, "PackedPolicyTooLarge", Fault::Operator, false, "too large together"),
        (400, "ValidationError", Fault::Operator, false, "MaxSessionDuration"),
        (403, "SignatureDoesNotMatch", Fault::Operator, false, "the clocks of writ and of AWS STS"),
        (400, "Throttling", Fault::Target, true, "fewer requests"),
        (503, "ServiceUnavailable", Fault::Target, true, "out of order (status 503)"),
        (500, "", Fault::Target, true, "out of order (status 500)"),
        (302, "", Fault::Operator, false, "redirect"),
        (418, "SomethingNew", Fault::Target, false, "AWS STS refused (status 418)"),
    ];
    for (status, code, fault, may_pass, says) in cases {
        let aws = StandIn::answering(move |_| Some(Ok(failed(status, code))));
        let error = mint(&*web_identity(json!({})), &order(), &aws).await.unwrap_err();
        assert!(error.text.contains(says) && !error.text.contains("VENDOR"), "{code}: {error:?}");
        assert_eq!((error.fault, error.may_pass, error.maybe_minted), (fault, may_pass, status >= 500), "{code}");
    }
}

#[tokio::test]
async fn silence_may_be_a_credential_but_no_connection_is_not() {
    for (error, maybe) in [(WireError::NoAnswer("slow".into()), true), (WireError::NotSent("down".into()), false)] {
        let aws = StandIn::answering(move |_| Some(Err(error.clone())));
        let error = mint(&*web_identity(json!({})), &order(), &aws).await.unwrap_err();
        assert_eq!((error.maybe_minted, error.may_pass), (maybe, true), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_set_that_was_not_fetched_is_tried_again_and_no_more_than_that() {
    let (first, always) = (std::sync::atomic::AtomicU32::new(0), |_: &_| Some(Ok(failed(400, "InvalidIdentityToken"))));
    let aws = StandIn::answering(move |_| {
        let count = first.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (count < 2).then(|| Ok(failed(400, "IDPCommunicationError")))
    });
    assert!(mint(&*web_identity(json!({})), &order(), &aws).await.is_ok());
    let aws = StandIn::answering(always);
    assert!(mint(&*web_identity(json!({})), &order(), &aws).await.is_err());
    assert_eq!(aws.count("AssumeRoleWithWebIdentity"), limits::EXCHANGES_MAX as usize);
}

#[tokio::test]
async fn nothing_secret_prints() {
    let aws = Arc::new(StandIn::default());
    let names = ["access_key_id", "secret_access_key", "session_token"];
    let broker = open(&settings("assume_role", json!({})).to_string(), secrets(&names)).unwrap();
    let minted = mint(&*broker, &order(), &aws).await.unwrap();
    let printed = format!("{broker:?} {minted:?}");
    for secret in ["value-of-secret_access_key", "value-of-session_token", "the-secret-key", "the-session-token"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
