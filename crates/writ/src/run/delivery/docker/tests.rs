#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;

use crate::run::delivery::tests::Stage;

#[tokio::test]
async fn registries_have_a_helper_and_passwords_stay_behind() {
    let theirs = tempfile::tempdir().unwrap();
    let before = json!({
        "auths": { "hub": { "auth": "cGFzc3dvcmQ=" } }, "credsStore": "secretservice", "currentContext": "rootless",
        "HttpHeaders": { "X-Secret": "1" },
    });
    std::fs::write(theirs.path().join("config.json"), before.to_string()).unwrap();
    std::fs::create_dir(theirs.path().join("contexts")).unwrap();
    let mut stage = Stage::new(&[("PATH", "/usr/bin"), ("DOCKER_CONFIG", theirs.path().to_str().unwrap())]);
    let grants = [
        ("t/one", json!({ "registries": ["registry.example.com", "127.0.0.1:5600"] })),
        ("t/two", json!({ "registries": ["other.example.com"] })),
    ];
    stage.prepare("docker", &grants).await.unwrap();
    assert_eq!(stage.variable("DOCKER_CONFIG").unwrap(), "DIR/docker");
    assert_eq!(stage.variable("REGISTRY_AUTH_FILE").unwrap(), "DIR/docker/config.json");
    assert_eq!(stage.variable("PATH").unwrap(), "DIR/bin:/usr/bin");
    assert!(stage.file("docker/contexts").is_dir());
    assert_snapshot!(stage.read("docker/config.json"), @r#"
    {
      "auths": {},
      "credHelpers": {
        "127.0.0.1:5600": "writ",
        "other.example.com": "writ",
        "registry.example.com": "writ"
      },
      "currentContext": "rootless"
    }
    "#);
    assert_snapshot!(stage.read("docker/registries.json"), @r#"{"127.0.0.1:5600":{"broker":"t","target":"one"},"other.example.com":{"broker":"t","target":"two"},"registry.example.com":{"broker":"t","target":"one"}}"#);
    assert_snapshot!(stage.read("bin/docker-credential-writ"), @r#"
    #!/bin/sh
    exec '/opt/writ' 'credential-helper' 'docker' '--socket' 'DIR/writ.sock' '--map' 'DIR/docker/registries.json' "$@"
    "#);
}
