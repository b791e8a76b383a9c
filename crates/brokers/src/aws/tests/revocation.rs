//! Ending credentials.

use super::stand_in::failed;
use super::*;
use crate::broker::{Fault, WireError};

fn numbered(sequence: u64) -> Order {
    Order { sequence, ..order() }
}

async fn revoke(broker: &dyn Broker, order: &Order, aws: &Arc<StandIn>, now: Time) -> Result<Revocation, BrokerError> {
    let handle = broker.plan(order).handle.unwrap();
    broker.revoke(order, &handle, &aws.tools(), Chance { now, random: [0; 32] }).await
}

fn pattern(order: &Order) -> String {
    format!("\"*:{}.{}.*\"", order.session, order.sequence)
}

#[tokio::test]
async fn a_credential_is_denied_everything_by_a_policy_of_its_own() {
    let aws = Arc::new(StandIn::default());
    let broker = web_identity(json!({}));
    let minted = mint(&*broker, &order(), &aws).await.unwrap();
    for _ in 0..2 {
        let ended = broker.revoke(&order(), &minted.handle.clone().unwrap(), &aws.tools(), chance()).await;
        assert_eq!(ended, Ok(Revocation::Dead));
    }
    let until = NOW.unix_seconds() + 3600 + 900 + 1;
    assert_eq!(aws.names().len(), 1);
    assert!(aws.names()[0].starts_with(&format!("writ-deny-{until}-1-")), "{:?}", aws.names());
    let said: Value = serde_json::from_str(&aws.said()).unwrap();
    let userid = format!("*:{}.7.*", order().session);
    let expected = json!({
        "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:userid": [userid]}},
    });
    assert_eq!(said["Statement"], json!([expected]));
    let requests = aws.requests.lock().unwrap();
    let (host, signature, fields) = requests.iter().find(|(_, _, fields)| fields["Action"] == "PutRolePolicy").unwrap();
    assert_eq!((host.as_str(), fields["RoleName"].as_str()), ("iam.amazonaws.com", "agent"));
    let signed = signature.as_ref().unwrap();
    assert!(signed.contains("=value-of-revoke_access_key_id/20261122/us-east-1/iam/aws4_request"), "{signed}");
}

#[tokio::test]
async fn by_the_tag_the_whole_session_is_denied() {
    let aws = Arc::new(StandIn::default());
    let broker = web_identity(json!({"revoke_by": "principal_tag"}));
    revoke(&*broker, &order(), &aws, NOW).await.unwrap();
    let said: Value = serde_json::from_str(&aws.said()).unwrap();
    let expected = json!({"StringEquals": {"aws:PrincipalTag/session": [order().session.to_string()]}});
    assert_eq!(said["Statement"][0]["Condition"], expected);
}

/// What ends it does not depend on what the settings say by then.
#[tokio::test]
async fn a_handle_outlives_its_target() {
    let aws = Arc::new(StandIn::default());
    let handle = web_identity(json!({})).plan(&order()).handle.unwrap();
    let other = web_identity(json!({"role_arn": "arn:aws:iam::123456789012:role/other", "revoke_by": "principal_tag"}));
    other.revoke(&order(), &handle, &aws.tools(), chance()).await.unwrap();
    assert!(aws.said().contains(&pattern(&order())));
    assert_eq!(aws.policies.lock().unwrap().keys().next().unwrap().0, "agent");
    let strange = Handle::new(b"{}".to_vec());
    assert_eq!(other.revoke(&order(), &strange, &aws.tools(), chance()).await.unwrap_err().fault, Fault::Operator);
}

/// Two processes, each with a hundred credentials of one role at once: nobody overwrites anybody.
#[tokio::test]
async fn many_at_once_are_all_denied_and_share_requests() {
    let aws = Arc::new(StandIn::default());
    let brokers = [web_identity(json!({})), web_identity(json!({}))];
    let mut tasks = Vec::new();
    for sequence in 1..=200 {
        let (broker, aws) = (Arc::clone(&brokers[sequence as usize % 2]), Arc::clone(&aws));
        tasks.push(tokio::spawn(async move { revoke(&*broker, &numbered(sequence), &aws, NOW).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Revocation::Dead));
    }
    for sequence in 1..=200 {
        assert!(aws.said().contains(&pattern(&numbered(sequence))), "{sequence}");
    }
    assert!(aws.count("PutRolePolicy") <= 20, "{}", aws.count("PutRolePolicy"));
}

/// One after another, over hours: within the role's room, nothing that lives is forgotten, what has expired goes.
#[tokio::test]
async fn denies_are_put_together_and_go_when_they_have_expired() {
    let aws = Arc::new(StandIn::default());
    let brokers = [web_identity(json!({})), web_identity(json!({}))];
    let at = |sequence: u64| NOW + Span::from_secs(sequence * 61);
    let made = |sequence: u64| Order {
        at: at(sequence),
        expires_at: at(sequence) + Span::from_secs(3600),
        ..numbered(sequence)
    };
    aws.policies.lock().unwrap().insert(("agent".into(), "its-own".into()), "{}".into());
    for sequence in 1..=300 {
        revoke(&*brokers[sequence as usize % 2], &made(sequence), &aws, at(sequence)).await.unwrap();
        let said = aws.said();
        for earlier in (1..=sequence).filter(|earlier| made(*earlier).expires_at > at(sequence)) {
            assert!(said.contains(&pattern(&made(earlier))), "{earlier} is forgotten after {sequence}");
        }
        assert!(aws.names().len() < 30, "{:?}", aws.names());
    }
    let said = aws.said();
    assert!(!said.contains(&pattern(&made(1))) && said.contains(&pattern(&made(300))));
    assert!(aws.names().contains(&"its-own".to_owned()));
}

#[tokio::test]
async fn a_missing_permission_is_named_at_the_first_revocation() {
    let actions = ["PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "DeleteRolePolicy"];
    for action in actions {
        let aws = Arc::new(StandIn { forbidden: vec![action], ..StandIn::default() });
        let error = revoke(&*web_identity(json!({})), &order(), &aws, NOW).await.unwrap_err();
        assert_eq!(error.fault, Fault::Operator);
        assert!(error.text.contains(&format!("lacks the permission iam:{action} on the role `agent`")), "{error:?}");
    }
}

/// The revoker's account may be another one, where there is no such role: nothing is dead for it.
#[tokio::test]
async fn a_role_that_is_not_found_is_no_success() {
    let aws = StandIn::answering(|_| Some(Ok(failed(404, "NoSuchEntity"))));
    let error = revoke(&*web_identity(json!({})), &order(), &aws, NOW).await.unwrap_err();
    assert!(error.fault == Fault::Operator && error.text.contains("it must be of the role's own account"), "{error:?}");
}

/// Whatever answers 404 to everything is not IAM, and nothing is dead for it.
#[tokio::test]
async fn a_server_that_knows_nothing_ends_nothing() {
    let aws = StandIn::answering(|_| Some(Ok((404, "<html>not found</html>".to_owned()))));
    assert!(revoke(&*web_identity(json!({})), &order(), &aws, NOW).await.is_err());
}

#[tokio::test]
async fn a_full_role_says_so_until_something_has_expired() {
    let aws = Arc::new(StandIn::default());
    let broker = web_identity(json!({}));
    let own = "x".repeat(10_100);
    aws.policies.lock().unwrap().insert(("agent".into(), "its-own".into()), own);
    let error = revoke(&*broker, &order(), &aws, NOW).await.unwrap_err();
    assert!(error.may_pass && error.text.contains("no room for another deny"), "{error:?}");
    let old = format!("writ-deny-{}-1-0123456789abcdef", NOW.unix_seconds());
    *aws.policies.lock().unwrap() = [(("agent".into(), old), "x".repeat(10_100))].into();
    assert_eq!(revoke(&*broker, &order(), &aws, NOW).await, Ok(Revocation::Dead));
    assert_eq!(aws.names().len(), 1);
}

/// A deny that does not show is not one.
#[tokio::test]
async fn a_deny_is_read_back() {
    let aws =
        StandIn::answering(|fields| (fields["Action"] == "GetRolePolicy").then(|| Ok(failed(404, "NoSuchEntity"))));
    let error = revoke(&*web_identity(json!({})), &order(), &aws, NOW).await.unwrap_err();
    assert!(error.may_pass && error.text.contains("is not there yet"), "{error:?}");
}

/// Where roles are rewritten whole, a deny that somebody else's write undid is written again.
#[tokio::test(start_paused = true)]
async fn a_deny_that_was_lost_is_written_again() {
    let puts = std::sync::atomic::AtomicU32::new(0);
    let aws = StandIn::answering(move |fields| {
        // The first two are answered like others, and gone.
        let is_put = fields["Action"] == "PutRolePolicy";
        (is_put && puts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2).then(|| Ok((200, "<R/>".to_owned())))
    });
    let mut settings = settings("web_identity", json!({}));
    settings["endpoint_iam"] = json!("http://127.0.0.1:1");
    let broker = open(&settings.to_string(), revoke_secrets()).unwrap();
    assert_eq!(revoke(&*broker, &order(), &aws, NOW).await, Ok(Revocation::Dead));
    assert!(aws.said().contains(&pattern(&order())));
    assert_eq!(aws.count("PutRolePolicy"), 3);
}

#[tokio::test]
async fn a_lost_answer_is_no_reason_to_stop() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let aws = StandIn::answering(move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (count < 3).then(|| Err(WireError::NoAnswer("reset".into())))
    });
    let broker = web_identity(json!({}));
    for _ in 0..3 {
        assert!(revoke(&*broker, &order(), &aws, NOW).await.unwrap_err().may_pass);
    }
    assert_eq!(revoke(&*broker, &order(), &aws, NOW).await, Ok(Revocation::Dead));
}

/// Whoever works for others may be dropped: the others do it themselves.
#[tokio::test]
async fn whoever_waits_for_one_who_was_dropped_goes_on() {
    let aws = Arc::new(StandIn::default());
    let broker = web_identity(json!({}));
    let (first, second) = (numbered(1), numbered(2));
    let mut leader = Box::pin(revoke(&*broker, &first, &aws, NOW));
    let mut follower = Box::pin(revoke(&*broker, &second, &aws, NOW));
    // The leader has the first request on its way when the follower queues up behind it.
    assert!(futures_poll(&mut leader).await.is_none());
    assert!(futures_poll(&mut follower).await.is_none());
    drop(leader);
    assert_eq!(follower.await, Ok(Revocation::Dead));
    assert!(aws.said().contains(&pattern(&second)));
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(match polled {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// With a role of its own no key is stored; it is asked for with a token for another audience, and kept for a while.
#[tokio::test]
async fn a_role_may_end_credentials() {
    let aws = Arc::new(StandIn::default());
    let mut settings = settings("web_identity", json!({}));
    settings["revoke_role_arn"] = json!("arn:aws:iam::123456789012:role/writ-revoker");
    settings["revoke_audience"] = json!("writ-revoker");
    let broker = open(&settings.to_string(), Secrets::new()).unwrap();
    for (after, asked) in [(0, 1), (599, 1), (600, 2)] {
        revoke(&*broker, &order(), &aws, NOW + Span::from_secs(after)).await.unwrap();
        assert_eq!(aws.count("AssumeRoleWithWebIdentity"), asked, "{after}");
    }
    let requests = aws.requests.lock().unwrap();
    let (_, _, fields) = &requests[0];
    assert_eq!(fields["RoleArn"], "arn:aws:iam::123456789012:role/writ-revoker");
    assert_eq!(fields["WebIdentityToken"], "token for writ-revoker of 300s");
    assert_eq!(fields["RoleSessionName"], format!("writ.{}.7", order().session));
    let (_, signature, _) = requests.iter().find(|(_, _, fields)| fields["Action"] == "PutRolePolicy").unwrap();
    assert!(signature.as_ref().unwrap().contains("Credential=ASIAEXAMPLE/20261122/us-east-1/iam/aws4_request"));
}

#[tokio::test]
async fn without_an_identity_any_more_it_says_what_is_missing() {
    let aws = Arc::new(StandIn::default());
    let handle = web_identity(json!({})).plan(&order()).handle.unwrap();
    let later = open(&settings("web_identity", json!({"revoke_by": "none"})).to_string(), Secrets::new()).unwrap();
    let error = later.revoke(&order(), &handle, &aws.tools(), chance()).await.unwrap_err();
    assert!(error.fault == Fault::Operator && error.text.contains("`revoke_access_key_id`"), "{error:?}");
}
