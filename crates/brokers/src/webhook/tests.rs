#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// The example of the specification's reference libraries.
#[test]
fn signatures_are_those_of_the_specification() {
    let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let mut headers = HeaderMap::new();
    let at = Time::from_unix_millis(1_614_265_330_999);
    secret.sign(&mut headers, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
    assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_eq!(headers["webhook-timestamp"], "1614265330");
    assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_secret_is_long_enough_and_never_shown() {
    for (text, expected) in [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "must start with `whsec_`"),
        ("whsec_not base64", "is not base64"),
        ("whsec_c2hvcnQ=", "has 5 bytes"),
    ] {
        let error = WebhookSecret::read(text).unwrap_err();
        assert!(error.contains(expected) && !error.contains("c2hvcnQ"), "{error}");
    }
    let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
}
