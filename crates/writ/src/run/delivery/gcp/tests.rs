#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;

use super::command;
use crate::run::delivery::tests::Stage;

#[tokio::test]
async fn each_target_is_an_external_account() {
    let mut stage = Stage::new(&[]);
    let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/w";
    let grants = [(
        "g/dev",
        json!({
            "audience": audience, "service_account": "agent@p.iam.gserviceaccount.com", "token_lifetime_seconds": 900,
            "project": "shop",
        }),
    )];
    stage.prepare("gcp", &grants).await.unwrap();
    assert_eq!(stage.variable("GOOGLE_APPLICATION_CREDENTIALS").unwrap(), "DIR/gcp/g-dev.json");
    assert_eq!(stage.variable("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES").unwrap(), "1");
    assert_eq!(stage.variable("GOOGLE_CLOUD_PROJECT").unwrap(), "shop");
    assert_snapshot!(stage.read("gcp/g-dev.json"), @r#"
    {
      "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/w",
      "credential_source": {
        "executable": {
          "command": "/opt/writ credential-helper gcp --socket DIR/writ.sock g/dev",
          "timeout_millis": 120000
        }
      },
      "service_account_impersonation": {
        "token_lifetime_seconds": 900
      },
      "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/agent@p.iam.gserviceaccount.com:generateAccessToken",
      "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
      "token_url": "https://sts.googleapis.com/v1/token",
      "type": "external_account"
    }
    "#);
}

#[test]
fn a_command_is_quoted_only_where_it_must_be() {
    let words = ["/opt/my writ", "credential-helper", "--socket", "/tmp/it's"].map(Into::into);
    assert_eq!(command(&words), "'/opt/my writ' credential-helper --socket '/tmp/it'\\''s'");
}
