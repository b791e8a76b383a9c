//! AWS credentials against a real STS, IAM and S3.

mod clocks;
mod direct;
mod replicas;
pub(crate) mod rgw;

use std::process::Output;

use serde_json::{Value, json};

use crate::support::files::holding;
use crate::support::{Opened, People, Writ, WritOptions, run, until};
use rgw::{Key, Rgw, unused};

/// Relying parties of the issuer.
const AUDIENCES: &str = "\n[issuer]\nx5c = true\n\
    [[issuer.audiences]]\nname = \"sts.amazonaws.com\"\nkind = \"ceph\"\n\
    [[issuer.audiences]]\nname = \"writ-revoker\"\nkind = \"ceph\"\n";

/// A control plane, its people, the gateway, and a role with a bucket.
pub(crate) struct Stage {
    pub(crate) writ: Writ,
    pub(crate) people: People,
    pub(crate) rgw: Rgw,
    role: String,
    pub(crate) bucket: String,
}

/// How the broker asks for roles.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum By {
    /// With writ's own token.
    Token,
    /// With the administrator's key.
    Key,
}

/// Who ends credentials.
enum Revoker {
    Key(Key),
    Role(String),
}

impl Stage {
    async fn start(by: By) -> Self {
        Self::start_with(by, "").await
    }

    /// With more tables at the end of the control plane's configuration.
    async fn start_with(by: By, tables: &str) -> Self {
        let rgw = Rgw::start();
        let tables = [if by == By::Token { AUDIENCES } else { "" }, tables].concat();
        let writ = Writ::start_with(WritOptions { tables, ..WritOptions::default() }).await;
        let people = writ.people().await;
        let trust = match by {
            By::Key => Rgw::trust_admin(),
            By::Token => {
                rgw.provider(&writ.url, &["sts.amazonaws.com", "writ-revoker"]);
                let projects = people.ada.get("/v1/projects").await.json();
                let project = projects["projects"][0]["id"].as_str().unwrap();
                let subjects = [format!("project:{project}:profile:*"), "project:*:profile:writ-canary".to_owned()];
                Rgw::trust_issuer(&writ.url, "sts.amazonaws.com", &subjects)
            }
        };
        let (role, bucket) = (rgw.role(&trust), rgw.bucket());
        Self { writ, people, rgw, role, bucket }
    }

    /// The same, with a broker `cloud` for the role, and its target `agent` granted to the project.
    async fn configured(by: By, more: Value) -> Self {
        Self::configured_with(by, more, "").await
    }

    /// The same, with more tables at the end of the control plane's configuration.
    pub(crate) async fn configured_with(by: By, more: Value, tables: &str) -> Self {
        let stage = Self::start_with(by, tables).await;
        let revoker = Revoker::Key(stage.rgw.admin());
        stage.grant(by, more, revoker).await;
        stage
    }

    async fn grant(&self, by: By, more: Value, revoker: Revoker) {
        let configured = self.configure(by, more, revoker).await;
        assert_eq!(configured.0, 200, "{}", configured.1);
        assert_eq!(configured.1["tried"], json!([{"target": "agent", "revoked": true}]), "{}", configured.1);
        let grant = json!({"scope": {"policy": ["grace"]}, "max_lifetime_seconds": 1800});
        let granted = self.people.ada.put("/v1/projects/checkout/grants/cloud/agent", Some(grant)).await;
        assert!(granted.status.is_success(), "{}", granted.text());
    }

    /// Configures the broker; the answer's status and body.
    async fn configure(&self, by: By, more: Value, revoker: Revoker) -> (u16, Value) {
        let bucket = &self.bucket;
        let prefix = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": format!("arn:aws:s3:::{bucket}/grace/*")},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}"),
             "Condition": {"StringLike": {"s3:prefix": "grace/*"}}},
        ]});
        let mut target =
            json!({"role_arn": format!("arn:aws:iam:::role/{}", self.role), "policies": {"grace": prefix}});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let endpoint = &self.rgw.endpoint;
        let identity = if by == By::Token { "web_identity" } else { "assume_role" };
        let mut settings = json!({
            "identity": identity, "region": "us-east-1", "targets": {"agent": target},
            "endpoint_sts": endpoint, "endpoint_iam": endpoint, "endpoint_s3": endpoint,
        });
        let (admin, mut secrets) = (self.rgw.admin(), json!({}));
        if by == By::Key {
            secrets = json!({"access_key_id": admin.id, "secret_access_key": admin.secret});
        }
        match revoker {
            Revoker::Role(role) => {
                settings["revoke_role_arn"] = json!(format!("arn:aws:iam:::role/{role}"));
                settings["revoke_audience"] = json!("writ-revoker");
            }
            Revoker::Key(key) => {
                secrets["revoke_access_key_id"] = json!(key.id);
                secrets["revoke_secret_access_key"] = json!(key.secret);
                if let Some(token) = key.token {
                    secrets["revoke_session_token"] = json!(token);
                }
            }
        }
        let body = json!({"kind": "aws", "settings": settings, "secrets": secrets});
        let answer = self.people.ada.put("/v1/brokers/cloud", Some(body)).await;
        assert!(!answer.text().contains(&self.rgw.admin().secret), "the answer has the secret");
        (answer.status.as_u16(), answer.json())
    }

    async fn session(&self) -> Opened {
        self.people.grace.open(json!({"project": "checkout"})).await
    }

    /// A credential of a session, as the API gives it.
    async fn credential(&self, session: &Opened) -> Value {
        let path = format!("/v1/sessions/{}/credentials", session.id);
        let answer = session.caller.post(&path, json!({"broker": "cloud", "target": "agent"})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    fn may_read(&self, credential: &Value, object: &str) -> bool {
        self.rgw.may_read(&key(credential), &self.bucket, object)
    }

    /// Waits until a credential has this status.
    pub(crate) async fn becomes(&self, id: &Value, status: &str) -> Value {
        let path = format!("/v1/credentials/{}", id.as_str().unwrap());
        until(&format!("credential {id} to be {status}"), async || {
            Some(self.people.ada.get(&path).await.json()).filter(|shown| shown["status"] == status)
        })
        .await
    }

    /// `writ run` of a script by grace, with the AWS command line in reach.
    fn agent(&self, script: &str) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.rgw.aws_folder().display());
        let mut command = self.writ.command(&self.people.grace, "home-grace");
        command.env("PATH", path).env("AWS_ACCESS_KEY_ID", "AKIA-INHERITED").env("BUCKET", &self.bucket);
        command.args(["run", "--project", "checkout", "--no-git", "--", "sh", "-c", script]);
        let output = command.output().unwrap();
        crate::support::leaks::complaint(&output.stderr);
        output
    }
}

fn key(credential: &Value) -> Key {
    let field = |name: &str| credential["secret"][name].as_str().unwrap().to_owned();
    Key { id: field("access_key_id"), secret: field("secret_access_key"), token: Some(field("session_token")) }
}

/// The name of a credential that is of this kind.
fn name<'a>(credential: &'a Value, kind: &str) -> &'a str {
    let names = credential["names"].as_array().unwrap();
    let found = names.iter().find(|name| name["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {credential:#}"))["value"].as_str().unwrap()
}

/// `aws s3` through `credential_process`, within one prefix; elsewhere the gateway refuses the same credential, and its own
/// log names the session for both.
async fn works_in_its_prefix_and_nowhere_else(by: By) {
    let stage = Stage::configured(by, json!({})).await;
    let output = stage.agent(
        "echo from the agent | aws s3 cp - s3://$BUCKET/grace/two
         aws s3 cp s3://$BUCKET/grace/two -
         aws s3 cp s3://$BUCKET/other/one - && echo READ ELSEWHERE
         echo x | aws s3 cp - s3://$BUCKET/other/two && echo WROTE ELSEWHERE
         aws s3 ls s3://$BUCKET/other/ && echo LISTED ELSEWHERE
         echo session $WRIT_SESSION_ID; env",
    );
    let (stdout, story) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(stdout.contains("from the agent\n"), "{stdout}{story}");
    assert!(!stdout.contains("ELSEWHERE"), "{stdout}{story}");
    assert!(!stdout.contains("AKIA-INHERITED") && !stdout.contains("AWS_SECRET_ACCESS_KEY"), "{stdout}");
    let session = stdout.lines().find_map(|line| line.strip_prefix("session ")).unwrap();

    let operations = stage.rgw.operations(&stage.bucket);
    let of_session = |operation: &&Value| {
        operation["sts_info"]["role_session"].as_str().is_some_and(|name| name.starts_with(&format!("{session}.")))
    };
    let seen: Vec<(&str, &str)> = operations
        .iter()
        .filter(of_session)
        .map(|one| (one["uri"].as_str().unwrap(), one["http_status"].as_str().unwrap()))
        .collect();
    let saw = |uri: &str, status: &str| seen.iter().any(|(found, code)| found.contains(uri) && *code == status);
    assert!(saw("/grace/two", "200"), "{seen:?}");
    assert!(saw("/other/one", "403") && saw("/other/two", "403"), "{seen:?}");

    // The session is over, so its credential is ended at the target, and everybody can be told whose it was.
    let list = stage.people.ada.get(&format!("/v1/credentials?session={session}")).await.json();
    let credential = &list["credentials"][0];
    assert_eq!(list["credentials"].as_array().unwrap().len(), 1, "one for all these commands: {list:#}");
    stage.becomes(&credential["id"], "revoked").await;
    for kind in ["aws_access_key", "aws_role_session"] {
        let who = stage.people.ada.get(&format!("/v1/who?thing={}", name(credential, kind))).await.json();
        assert_eq!(who["session"]["id"], session, "{who:#}");
    }
}

#[test]
fn with_a_token_an_agent_works_in_its_prefix_and_nowhere_else() {
    run(works_in_its_prefix_and_nowhere_else(By::Token));
}

#[test]
fn with_a_key_an_agent_works_in_its_prefix_and_nowhere_else() {
    run(works_in_its_prefix_and_nowhere_else(By::Key));
}

/// Two sessions on one role: one is revoked and dies, the other lives.
async fn one_session_dies_and_the_other_lives(by: By, more: Value) {
    let stage = Stage::configured(by, more).await;
    let (first, second) = (stage.session().await, stage.session().await);
    let (dies, lives) = (stage.credential(&first).await, stage.credential(&second).await);
    assert!(stage.may_read(&dies, "grace/one") && stage.may_read(&lives, "grace/one"));
    assert!(!stage.may_read(&dies, "other/one"));
    let revoked = stage.people.ada.post(&format!("/v1/sessions/{}/revoke", first.id), json!({"reason": "lost"})).await;
    assert!(revoked.status.is_success(), "{}", revoked.text());
    stage.becomes(&dies["id"], "revoked").await;
    assert!(!stage.may_read(&dies, "grace/one"), "it lives on");
    assert!(stage.may_read(&lives, "grace/one"), "another session's died with it");
    assert!(name(&dies, "aws_role_session").starts_with(&format!("{}.1.grace", first.id)));

    // Neither the log nor the database has what is secret of it, or the broker's own key.
    let (key, admin) = (key(&dies), stage.rgw.admin());
    let token = key.token.unwrap();
    let secrets = [key.secret.as_str(), token.as_str(), admin.secret.as_str()];
    assert_eq!(holding(stage.writ.path(), &secrets), Vec::<String>::new());
}

#[test]
fn with_a_token_one_session_dies_and_the_other_lives() {
    run(one_session_dies_and_the_other_lives(By::Token, json!({})));
}

/// By the tag in the token, which the gateway keeps with the credential.
#[test]
fn by_its_tag_one_session_dies_and_the_other_lives() {
    run(one_session_dies_and_the_other_lives(By::Token, json!({"revoke_by": "principal_tag"})));
}

/// Nothing that AWS calls a key is stored: a role ends credentials, got with a token for an audience of its own. The one
/// that agents' roles take is refused for it.
#[test]
fn without_any_key_a_role_ends_credentials() {
    run(async {
        let stage = Stage::start(By::Token).await;
        let any = ["*".to_owned()];
        let wrong = Rgw::trust_issuer(&stage.writ.url, "sts.amazonaws.com", &any);
        let wrong = Revoker::Role(stage.rgw.role_that("iam:*", &wrong));
        let (status, problem) = stage.configure(By::Token, json!({}), wrong).await;
        assert!(
            status == 400 && problem["detail"].as_str().unwrap().contains("its trust policy must allow"),
            "{problem:#}"
        );

        let trust = Rgw::trust_issuer(&stage.writ.url, "writ-revoker", &any);
        let revoker = Revoker::Role(stage.rgw.role_that("iam:*", &trust));
        stage.grant(By::Token, json!({}), revoker).await;
        let session = stage.session().await;
        let credential = stage.credential(&session).await;
        assert!(stage.may_read(&credential, "grace/one"));
        let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        assert!(ended.status.is_success(), "{}", ended.text());
        stage.becomes(&credential["id"], "revoked").await;
        assert!(!stage.may_read(&credential, "grace/one"));
    });
}

#[test]
fn with_a_key_one_session_dies_and_the_other_lives() {
    run(one_session_dies_and_the_other_lives(By::Key, json!({})));
}

/// One credential is ended; the session lives, and the next one that it gets works.
#[test]
fn a_session_that_lives_on_gets_another() {
    run(async {
        let stage = Stage::configured(By::Key, json!({})).await;
        let session = stage.session().await;
        let (first, second) = (stage.credential(&session).await, stage.credential(&session).await);
        let path = format!("/v1/credentials/{}/revoke", first["id"].as_str().unwrap());
        let answer = stage.people.ada.post(&path, json!({"reason": "shown on a screen"})).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        stage.becomes(&first["id"], "revoked").await;
        let third = stage.credential(&session).await;
        let alive = [&first, &second, &third].map(|credential| stage.may_read(credential, "grace/one"));
        assert_eq!(alive, [false, true, true]);
    });
}

/// Many at once share denies, and none is lost, though Ceph rewrites the whole role for each.
#[test]
fn many_sessions_that_end_at_once_are_all_dead() {
    run(async {
        let stage = Stage::configured(By::Key, json!({})).await;
        let mut credentials = Vec::new();
        for _ in 0..12 {
            let session = stage.session().await;
            credentials.push(stage.credential(&session).await);
        }
        let off = stage.people.ada.post("/v1/brokers/cloud/disable", json!({"reason": "break glass"})).await;
        assert!(off.status.is_success(), "{}", off.text());
        for credential in &credentials {
            stage.becomes(&credential["id"], "revoked").await;
        }
        let alive = credentials.iter().filter(|credential| stage.may_read(credential, "grace/one")).count();
        assert_eq!(alive, 0);
        assert!(stage.rgw.denies(&stage.role).len() <= 13, "{:?}", stage.rgw.denies(&stage.role));
    });
}

/// The gateway reads the first key of the set and no other, so it must see the new one the moment it signs.
#[test]
fn a_new_signing_key_is_taken_up_by_the_gateway() {
    run(async {
        let stage = Stage::configured(By::Token, json!({})).await;
        let (ada, session) = (&stage.people.ada, stage.session().await);
        let before = stage.credential(&session).await;
        let rotated = ada.post("/v1/keys/rotate", json!({"when": "now"})).await.json();
        let new = rotated["keys"][1]["kid"].clone();
        until("the new key to sign", async || {
            let keys = ada.get("/v1/keys").await.json()["keys"].clone();
            (keys[1]["standing"] == "active" && keys[1]["kid"] == new).then_some(())
        })
        .await;
        let after = stage.credential(&session).await;
        assert_ne!(before["id"], after["id"]);
        let alive = [&before, &after].map(|credential| stage.may_read(credential, "grace/one"));
        assert_eq!(alive, [true, true]);
        let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        assert!(ended.status.is_success(), "{}", ended.text());
        for credential in [&before, &after] {
            stage.becomes(&credential["id"], "revoked").await;
            assert!(!stage.may_read(credential, "grace/one"));
        }
    });
}

/// Who cannot end credentials is found out when the broker is configured, and told what is missing.
#[test]
fn a_revoker_that_may_not_is_refused_at_configuration() {
    run(async {
        let stage = Stage::start(By::Key).await;
        // A key that may do anything in S3 and nothing in IAM.
        let arn = format!("arn:aws:iam:::role/{}", stage.role);
        let assume =
            ["sts", "assume-role", "--role-arn", &arn, "--role-session-name", &unused("weak"), "--output", "json"];
        let assumed: Value = serde_json::from_str(&stage.rgw.aws(&assume)).unwrap();
        let field = |name: &str| assumed["Credentials"][name].as_str().unwrap().to_owned();
        let weak =
            Key { id: field("AccessKeyId"), secret: field("SecretAccessKey"), token: Some(field("SessionToken")) };
        let (status, problem) = stage.configure(By::Key, json!({}), Revoker::Key(weak)).await;
        assert_eq!(status, 400, "{problem:#}");
        let says = format!("lacks the permission iam:PutRolePolicy on the role `{}`: allow it", stage.role);
        assert!(problem["detail"].as_str().unwrap().contains(&says), "{problem:#}");
        assert_eq!(stage.people.ada.get("/v1/brokers/cloud").await.status, 404, "nothing is changed");
    });
}
