#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;

use crate::run::delivery::tests::Stage;

#[tokio::test]
async fn each_target_is_a_profile_and_the_default_one_is_the_default() {
    let mut stage = Stage::new(&[]);
    let grants = [
        ("cloud/dev", json!({ "region": "eu-west-1" })),
        (
            "cloud/prod",
            json!({ "region": "us-east-1", "default": true, "endpoints": { "s3": "http://127.0.0.1:8000" } }),
        ),
        ("other/dev", json!({ "endpoint_url": "http://127.0.0.1:9000" })),
    ];
    stage.prepare("aws", &grants).await.unwrap();
    assert_snapshot!(stage.read("aws/config"), @"
    # Written by writ for one session; it goes with it.

    [profile cloud-dev]
    credential_process = /opt/writ credential-helper aws --socket DIR/writ.sock cloud/dev
    region = eu-west-1

    [default]
    credential_process = /opt/writ credential-helper aws --socket DIR/writ.sock cloud/prod
    region = us-east-1
    services = prod

    [profile prod]
    credential_process = /opt/writ credential-helper aws --socket DIR/writ.sock cloud/prod
    region = us-east-1
    services = prod

    [services prod]
    s3 =
      endpoint_url = http://127.0.0.1:8000

    [profile other-dev]
    credential_process = /opt/writ credential-helper aws --socket DIR/writ.sock other/dev
    endpoint_url = http://127.0.0.1:9000
    ");
    assert_eq!(stage.variable("AWS_CONFIG_FILE").unwrap(), "DIR/aws/config");
    assert_eq!(stage.read("aws/credentials"), "");
    assert_eq!(stage.variable("AWS_SHARED_CREDENTIALS_FILE").unwrap(), "DIR/aws/credentials");
    assert_eq!(stage.variable("AWS_REGION").unwrap(), "us-east-1");
    assert_eq!(stage.variable("AWS_EC2_METADATA_DISABLED").unwrap(), "true");
    assert_eq!(stage.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"), None);
}

#[tokio::test]
async fn values_of_several_lines_make_no_settings() {
    for region in ["", "x\ny = z", " x"] {
        let error = Stage::new(&[]).prepare("aws", &[("cloud/dev", json!({ "region": region }))]).await.unwrap_err();
        assert!(error.to_string().contains("cannot be configured"), "{error}");
    }
}

#[tokio::test]
async fn the_container_endpoint_answers_who_knows_the_word() {
    let mut stage = Stage::new(&[]);
    stage.prepare("aws", &[("cloud/dev", json!({ "via": "container" }))]).await.unwrap();
    assert_snapshot!(stage.read("aws/config"), @"
    # Written by writ for one session; it goes with it.

    [default]

    [profile dev]
    credential_process = /opt/writ credential-helper aws --socket DIR/writ.sock cloud/dev
    ");
    let url = stage.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/cloud/dev"), "{url}");
    assert_eq!(stage.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").unwrap(), "DIR/aws/container-token");
    let word = stage.read("aws/container-token");
    let good = ask(&url, "GET", Some(&word)).await;
    assert!(good.starts_with("HTTP/1.1 200 "), "{good}");
    let body: serde_json::Value = serde_json::from_str(good.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        (&body["AccessKeyId"], &body["SecretAccessKey"], &body["Token"]),
        (&json!("AKIA"), &json!("k3y"), &json!("t0ken"))
    );
    assert!(body["Expiration"].as_str().unwrap().ends_with('Z') && body["SessionToken"].is_null());
    for (method, word, status) in
        [("GET", None, "401"), ("GET", Some("x"), "401"), ("POST", Some(word.as_str()), "405")]
    {
        let bad = ask(&url, method, word).await;
        assert!(bad.starts_with(&format!("HTTP/1.1 {status} ")) && !bad.contains("k3y"), "{bad}");
    }
    stage.vault().close("session ses_1 is over");
    let over = ask(&url, "GET", Some(&word)).await;
    assert!(over.starts_with("HTTP/1.1 403 ") && over.contains("session ses_1 is over"), "{over}");
}

async fn ask(url: &str, method: &str, word: Option<&str>) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let word = word.map(|word| format!("authorization: {word}\r\n")).unwrap_or_default();
    let head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{word}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
