#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;

use crate::run::delivery::tests::Stage;

#[tokio::test]
async fn each_target_is_a_context_whose_token_a_plugin_gives() {
    let mut stage = Stage::new(&[]);
    let grants = [
        ("k8s/dev", json!({ "server": "https://dev.example.com", "namespace": "checkout" })),
        (
            "k8s/prod",
            json!({
                "server": "https://prod.example.com", "certificate_authority_data": "QQ==", "tls_server_name": "k8s", "default": true,
            }),
        ),
    ];
    stage.prepare("kubernetes", &grants).await.unwrap();
    assert_eq!(stage.variable("KUBECONFIG").unwrap(), "DIR/kubernetes/config");
    assert_snapshot!(stage.read("kubernetes/config"), @r#"
    {
      "apiVersion": "v1",
      "clusters": [
        {
          "cluster": {
            "server": "https://dev.example.com"
          },
          "name": "k8s/dev"
        },
        {
          "cluster": {
            "certificate-authority-data": "QQ==",
            "server": "https://prod.example.com",
            "tls-server-name": "k8s"
          },
          "name": "k8s/prod"
        }
      ],
      "contexts": [
        {
          "context": {
            "cluster": "k8s/dev",
            "namespace": "checkout",
            "user": "k8s/dev"
          },
          "name": "k8s/dev"
        },
        {
          "context": {
            "cluster": "k8s/prod",
            "user": "k8s/prod"
          },
          "name": "k8s/prod"
        }
      ],
      "current-context": "k8s/prod",
      "kind": "Config",
      "preferences": {},
      "users": [
        {
          "name": "k8s/dev",
          "user": {
            "exec": {
              "apiVersion": "client.authentication.k8s.io/v1",
              "args": [
                "credential-helper",
                "kubectl",
                "--socket",
                "DIR/writ.sock",
                "k8s/dev"
              ],
              "command": "/opt/writ",
              "interactiveMode": "Never",
              "provideClusterInfo": false
            }
          }
        },
        {
          "name": "k8s/prod",
          "user": {
            "exec": {
              "apiVersion": "client.authentication.k8s.io/v1",
              "args": [
                "credential-helper",
                "kubectl",
                "--socket",
                "DIR/writ.sock",
                "k8s/prod"
              ],
              "command": "/opt/writ",
              "interactiveMode": "Never",
              "provideClusterInfo": false
            }
          }
        }
      ]
    }
    "#);
}
