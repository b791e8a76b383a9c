#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;

use super::{Party, usual_audience};

fn shown(kind: &str) -> String {
    let audience = usual_audience(kind);
    let party = Party {
        issuer: "https://id.example.com/writ",
        audience: &audience,
        kind,
        subject: "project:prj_1:profile:default".to_owned(),
        thumbprints: vec!["AB", "CD"],
    };
    party.pieces().into_iter().map(|piece| format!("{}:\n\n{}\n\n", piece.title, piece.text)).collect()
}

#[test]
fn for_aws() {
    assert_snapshot!(shown("aws"), @r#"
    the provider, once:

    aws iam create-open-id-connect-provider --url https://id.example.com/writ --client-id-list sts.amazonaws.com

    the role's trust policy:

    {
      "Statement": [
        {
          "Action": [
            "sts:AssumeRoleWithWebIdentity",
            "sts:TagSession",
            "sts:SetSourceIdentity"
          ],
          "Condition": {
            "StringEquals": {
              "id.example.com/writ:aud": "sts.amazonaws.com",
              "id.example.com/writ:sub": "project:prj_1:profile:default"
            }
          },
          "Effect": "Allow",
          "Principal": {
            "Federated": "arn:aws:iam::ACCOUNT_ID:oidc-provider/id.example.com/writ"
          }
        }
      ],
      "Version": "2012-10-17"
    }
    "#);
}

#[test]
fn for_ceph() {
    let ceph = shown("ceph");
    assert!(ceph.contains("--thumbprint-list AB CD"), "{ceph}");
    assert!(ceph.contains("sts:TagSession") && !ceph.contains("SetSourceIdentity"), "{ceph}");
    assert!(ceph.contains("\"Federated\": \"arn:aws:iam:::oidc-provider/id.example.com/writ\""), "{ceph}");
}

#[test]
fn for_entra() {
    assert_snapshot!(shown("azure"), @r#"
    the federated credential (at most 20 for an application):

    az ad app federated-credential create --id APP_ID --parameters '{
      "audiences": [
        "api://AzureADTokenExchange"
      ],
      "issuer": "https://id.example.com/writ",
      "name": "writ",
      "subject": "project:prj_1:profile:default"
    }'
    "#);
}

#[test]
fn for_google() {
    assert_snapshot!(shown("gcp"), @r#"
    the pool and its provider, once:

    gcloud iam workload-identity-pools create writ --location=global
    gcloud iam workload-identity-pools providers create-oidc writ --location=global \
      --workload-identity-pool=writ --issuer-uri=https://id.example.com/writ \
      --allowed-audiences=//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/writ/providers/writ \
      --attribute-mapping=google.subject=assertion.sub,attribute.session=assertion.session,attribute.developer=assertion.developer,attribute.project=assertion.project \
      --attribute-condition="assertion.sub=='project:prj_1:profile:default'"

    where Google cannot reach the issuer:

    writ issuer export --dir public --without-x5c
    # and to the command above: --jwk-json-path=public/.well-known/jwks.json

    the right to act as a service account:

    gcloud iam service-accounts add-iam-policy-binding SERVICE_ACCOUNT \
      --role=roles/iam.workloadIdentityUser \
      --member='principal://iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/writ/subject/project:prj_1:profile:default'
    "#);
}

#[test]
fn for_kubernetes() {
    assert_snapshot!(shown("kubernetes"), @r#"
    the file for --authentication-config of kube-apiserver:

    apiVersion: apiserver.config.k8s.io/v1
    kind: AuthenticationConfiguration
    jwt:
    - issuer:
        url: https://id.example.com/writ
        audiences:
        - kubernetes
      claimValidationRules:
      - expression: claims.sub == 'project:prj_1:profile:default'
        message: not a session of this project
      claimMappings:
        username:
          expression: '"writ:" + claims.sub'
        uid:
          expression: claims.session
        groups:
          expression: '["writ:" + claims.profile]'
        extra:
        - key: writ.example.com/developer
          valueExpression: claims.developer
        - key: writ.example.com/session
          valueExpression: claims.session
    "#);
}

#[test]
fn for_vault() {
    assert_snapshot!(shown("vault"), @r#"
    the method, once:

    vault auth enable jwt
    vault write auth/jwt/config oidc_discovery_url=https://id.example.com/writ bound_issuer=https://id.example.com/writ

    the role:

    vault write auth/jwt/role/writ - <<'END'
    {
      "bound_audiences": [
        "vault"
      ],
      "bound_subject": "project:prj_1:profile:default",
      "claim_mappings": {
        "developer": "developer",
        "project": "project",
        "session": "session"
      },
      "role_type": "jwt",
      "token_policies": [
        "POLICY"
      ],
      "user_claim": "developer"
    }
    END
    "#);
}

#[test]
fn for_others() {
    assert_snapshot!(shown("generic"), @"
    what a token has:

    iss  https://id.example.com/writ
    aud  AUDIENCE
    sub  project:prj_1:profile:default
    keys https://id.example.com/writ/.well-known/jwks.json
    ");
    assert!(shown("registry").contains("service: registry\n    issuer: https://id.example.com/writ\n"));
}

/// What is between the braces is JSON that AWS takes.
#[test]
fn the_trust_policy_has_all_three_actions_and_exact_conditions() {
    let shown = shown("aws");
    let policy: serde_json::Value = serde_json::from_str(&shown[shown.find('{').unwrap()..]).unwrap();
    let statement = &policy["Statement"][0];
    let actions = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]);
    assert_eq!(statement["Action"], actions);
    let conditions = json!({
        "id.example.com/writ:aud": "sts.amazonaws.com",
        "id.example.com/writ:sub": "project:prj_1:profile:default",
    });
    assert_eq!(statement["Condition"], json!({ "StringEquals": conditions }));
}
