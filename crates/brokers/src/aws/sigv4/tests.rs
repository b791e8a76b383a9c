#![allow(clippy::unwrap_used)]

//! Expected signatures: AWS's published signing test suite for version 4 (github.com/awslabs/aws-c-auth,
//! tests/aws-signing-test-suite/v4, the files `header-signed-request.txt`), by the names of its cases.

use zeroize::Zeroizing;

use super::*;

const HOST: (&str, &str) = ("Host", "example.amazonaws.com");
const DATE: (&str, &str) = ("X-Amz-Date", "20150830T123600Z");

/// Signs with the suite's key, region and service, and compares signed headers and signature.
fn check(method: &str, headers: &[(&str, &str)], body: &str, names: &str, signature: &str) {
    let secret = |text: &str| Zeroizing::new(text.to_owned());
    let identity = Identity::new(secret("AKIDEXAMPLE"), secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), None);
    let signing = Signing { identity: &identity, region: "us-east-1", service: "service", at: DATE.1 };
    let signed = Signed { method, path: "/", headers, body: body.as_bytes() };
    let scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    assert_eq!(
        authorization(&signing, &signed),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}")
    );
}

#[test]
fn agrees_with_post_vanilla() {
    let signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    check("POST", &[HOST, DATE], "", "host;x-amz-date", signature);
}

#[test]
fn agrees_with_get_vanilla_with_session_token() {
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let headers = [HOST, DATE, ("X-Amz-Security-Token", token)];
    let signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8";
    check("GET", &headers, "", "host;x-amz-date;x-amz-security-token", signature);
}

#[test]
fn agrees_with_post_sts_header_before() {
    let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf\
                 KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd\
                 8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3i\
                 SIlTJabIQwj2ICCR/oLxBA==";
    let signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
    check(
        "POST",
        &[HOST, ("X-Amz-Security-Token", token), DATE],
        "",
        "host;x-amz-date;x-amz-security-token",
        signature,
    );
}

#[test]
fn agrees_with_get_header_value_trim() {
    let headers = [HOST, ("My-Header1", " value1"), ("My-Header2", " \"a   b   c\""), DATE];
    let signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736";
    check("GET", &headers, "", "host;my-header1;my-header2;x-amz-date", signature);
}

#[test]
fn agrees_with_post_header_key_sort() {
    let signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c";
    check("POST", &[DATE, ("My-Header1", "value1"), HOST], "", "host;my-header1;x-amz-date", signature);
}

/// Both cases with a form: the suite signs its length and digest too.
#[test]
fn agrees_with_post_x_www_form_urlencoded() {
    let digest = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
    let cases = [
        ("application/x-www-form-urlencoded", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        ),
    ];
    for (kind, signature) in cases {
        let headers = [("Content-Type", kind), HOST, ("Content-Length", "13"), ("x-amz-content-sha256", digest), DATE];
        let names = "content-length;content-type;host;x-amz-content-sha256;x-amz-date";
        check("POST", &headers, "Param1=value1", names, signature);
    }
}
