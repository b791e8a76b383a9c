//! writ's own tokens: a real registry and a real HTTP service take those that are theirs, and no others.

mod image;

use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::real::Part;
use crate::support::process::WRIT;
use crate::support::{People, Writ, WritOptions, run, send, until};

/// Relying parties of the issuer.
const ISSUER: &str = "\n[issuer]\nx5c = true\n\
    [[issuer.audiences]]\nname = \"registry.test\"\nkind = \"registry\"\n\
    [[issuer.audiences]]\nname = \"http://billing\"\n\
    [[issuer.audiences]]\nname = \"http://asks\"\n";

/// A control plane with a broker of tokens, its people, and a project of theirs besides `checkout`.
struct Stage {
    writ: Writ,
    people: People,
}

impl Stage {
    async fn start() -> Self {
        let writ = Writ::start_with(WritOptions { tables: ISSUER.to_owned(), ..WritOptions::default() }).await;
        let people = writ.people().await;
        let project = people.ada.post("/v1/projects", json!({ "name": "other", "teams": ["payments"] })).await;
        assert_eq!(project.status, 201, "{}", project.text());
        Self { writ, people }
    }

    async fn configure(&self, targets: Value) {
        let body = json!({ "kind": "token", "settings": { "targets": targets }, "secrets": {} });
        let answer = self.people.ada.put("/v1/brokers/internal", Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn grant(&self, project: &str, target: &str, scope: Value) -> u16 {
        let path = format!("/v1/projects/{project}/grants/internal/{target}");
        self.people.ada.put(&path, Some(json!({ "scope": scope }))).await.status.as_u16()
    }

    /// A script under `writ run`.
    fn runs(&self, project: &str, script: &str) -> Output {
        let mut writ = self.writ.command(&self.people.grace, "home");
        let output = writ.args(["run", "--no-git", "--project", project, "--", "sh", "-c", script]).output().unwrap();
        crate::support::leaks::complaint(&output.stderr);
        output
    }

    fn does(&self, project: &str, script: &str) -> String {
        let output = self.runs(project, script);
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The issuer's certificate as PEM, out of the published keys.
    async fn certificate(&self) -> String {
        let keys = self.writ.anonymous().get("/.well-known/jwks.json").await.json();
        let certificate = keys["keys"][0]["x5c"][0].as_str().unwrap();
        let lines: Vec<_> = certificate.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_token_names_its_session_and_is_found_by_its_name() {
    run(async {
        let stage = Stage::start().await;
        stage.configure(json!({ "billing": { "audience": "http://billing", "claims": { "tier": "gold" }, "dimensions": ["roles"] } })).await;
        assert_eq!(
            stage.grant("checkout", "billing", json!({ "access": ["read", "write"], "roles": ["ops"] })).await,
            200
        );
        let get = format!("{WRIT} credential get internal/billing --scope access=read --format");
        let told = stage.does("checkout", &format!("{get} token; echo $WRIT_SESSION_ID; {get} json"));
        let lines: Vec<&str> = told.lines().collect();
        let (token, session) = (lines[0], lines[1]);
        let said = claims(token);
        assert_eq!((&said["aud"], &said["tier"]), (&json!("http://billing"), &json!("gold")));
        assert_eq!((&said["access"], &said["roles"]), (&json!(["read"]), &json!(["ops"])));
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 600);
        assert_eq!(said["jti"], format!("{session}.1"));
        let json: Value = serde_json::from_str(lines[2]).unwrap();
        assert_eq!(json["secret"]["token"], token, "one token");
        assert_eq!(json["names"], json!([{ "kind": "token_id", "value": said["jti"] }]));
        let who = stage.people.ada.get(&format!("/v1/who?thing={}", said["jti"].as_str().unwrap())).await;
        assert!(who.status == 200 && who.text().contains(session), "{}", who.text());
        // Over: a relying party that only verifies takes it until it expires, and that is said.
        let unrevoked = until("what is not revoked", || async {
            let answer = stage.people.ada.get("/v1/credentials?unrevoked=true").await.json();
            answer["credentials"].as_array().unwrap().iter().find(|one| one["trouble"].is_object()).cloned()
        });
        assert_eq!(unrevoked.await["trouble"]["error"], "nothing can end it before it expires");
        let refused = stage.runs("checkout", &format!("{WRIT} credential get internal/billing --scope access=admin"));
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("admin") && told.contains("read"), "{told}");
        let refused = stage.runs("other", &format!("{WRIT} credential get internal/billing"));
        assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    });
}

#[test]
fn a_token_of_who_asks_is_revoked_with_its_session() {
    run(async {
        let stage = Stage::start().await;
        stage.configure(json!({ "asks": { "audience": "http://asks", "introspects": true } })).await;
        assert_eq!(stage.grant("checkout", "asks", json!({})).await, 200);
        stage.does("checkout", &format!("{WRIT} credential get internal/asks"));
        until("the revocation", || async {
            let answer = stage.people.ada.get("/v1/credentials").await.json();
            (answer["credentials"][0]["status"] == "revoked").then_some(())
        })
        .await;
    });
}

#[test]
fn settings_that_the_issuer_does_not_fit_are_refused() {
    run(async {
        let stage = Stage::start().await;
        for (targets, expected) in [
            (json!({ "a": { "audience": "http://unknown" } }), "http://unknown"),
            (json!({ "a": { "audience": "http://billing", "with_chain": true } }), "registry"),
            (json!({ "a": { "audience": "http://billing", "claims": { "iss": "me" } } }), "iss"),
        ] {
            let body = json!({ "kind": "token", "settings": { "targets": targets }, "secrets": {} });
            let answer = stage.people.ada.put("/v1/brokers/internal", Some(body)).await;
            assert!(answer.status.is_client_error() && answer.text().contains(expected), "{}", answer.text());
        }
        stage.configure(json!({ "images": { "audience": "registry.test", "access": "registry" } })).await;
        assert_eq!(stage.grant("checkout", "images", json!({})).await, 400, "a token without access");
        assert_eq!(
            stage.grant("checkout", "images", json!({ "access": ["pull"] })).await,
            400,
            "no access of a registry's"
        );
    });
}

#[test]
fn apache_takes_tokens_of_its_project_and_no_others() {
    run(async {
        let stage = Stage::start().await;
        let url = &stage.writ.url;
        let keys = format!("{url}/.well-known/jwks.json");
        let apache = Part::start("apache-oidc", &[url, &keys, "http://billing", "checkout"]);
        stage
            .configure(json!({ "billing": { "audience": "http://billing" }, "asks": { "audience": "http://asks" } }))
            .await;
        for (project, target) in [("checkout", "billing"), ("other", "billing"), ("checkout", "asks")] {
            assert_eq!(stage.grant(project, target, json!({})).await, 200);
        }
        let ask = |project: &str, target: &str| {
            let script = format!(
                "printf 'Authorization: Bearer %s' \"$({WRIT} credential get internal/{target} --format token)\" | \
                 curl -s -o /dev/null -w '%{{http_code}}' -H @- {}; echo \" $WRIT_SESSION_ID\"",
                apache.text("url")
            );
            stage.does(project, &script)
        };
        let accepted = ask("checkout", "billing");
        let session =
            accepted.strip_prefix("200 ").unwrap_or_else(|| panic!("{accepted}: {}", apache.file("error_log")));
        assert!(ask("other", "billing").starts_with("401 "), "another project's");
        assert!(ask("checkout", "asks").starts_with("401 "), "for somebody else");
        let log = apache.file("log");
        let line = log.lines().find(|line| line.contains("\" 200")).unwrap();
        assert!(line.contains("developer=grace") && line.contains(session), "{line}");
    });
}

#[test]
fn a_registry_takes_what_a_stock_client_brings_and_no_more() {
    run(async {
        let stage = Stage::start().await;
        let certificates = stage.writ.path().join("certificates.pem");
        std::fs::write(&certificates, stage.certificate().await).unwrap();
        let (url, realm) = (&stage.writ.url, format!("{}/v1/registry/token", stage.writ.url));
        let registry = Part::start("registry", &[url, "registry.test", certificates.to_str().unwrap(), &realm]);
        let host = registry.text("url").strip_prefix("http://").unwrap();
        let images = json!({
            "audience": "registry.test", "access": "registry", "with_chain": true,
            "delivery": { "docker": { "registries": [host] } },
        });
        stage.configure(json!({ "images": images })).await;
        let access = json!({ "access": ["repository:team/app:pull,push", "repository:team/base:pull"] });
        assert_eq!(stage.grant("checkout", "images", access).await, 200);
        let pull = json!({ "access": ["repository:team/app:pull"] });
        assert_eq!(stage.grant("other", "images", pull).await, 200);
        let image = stage.writ.path().join("image");
        image::write(&image);
        let copy = |project: &str, from: &str, to: &str| {
            let script =
                format!("skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false {from} {to}");
            stage.runs(project, &script)
        };
        let (local, app) = (format!("oci:{}:1", image.display()), format!("docker://{host}/team/app:1"));
        let pushed = copy("checkout", &local, &app);
        assert!(pushed.status.success(), "{pushed:?}\n{}", registry.file("log"));
        let pulled = copy("other", &app, &format!("dir:{}", stage.writ.path().join("pulled").display()));
        assert!(pulled.status.success(), "{pulled:?}");
        for (project, from, to) in [
            ("other", &local, &app),
            ("checkout", &local, &format!("docker://{host}/team/base:1")),
            ("checkout", &local, &format!("docker://{host}/team/secret:1")),
        ] {
            let refused = copy(project, from, to);
            let told = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(!refused.status.success() && told.contains("denied"), "{project} {to}: {told}");
        }
        // Whoever comes without one, with another's, or with one of a session that is over is sent away.
        let leaked = stage.does("checkout", &format!("{WRIT} credential get internal/images --format token"));
        for secret in ["", "x", &leaked] {
            let basic = STANDARD.encode(format!("writ:{secret}"));
            let answer = trade(&stage.writ, &format!("Basic {basic}")).await;
            assert_eq!(answer, 401, "{secret}");
        }
        assert!(!stage.writ.log().contains(&leaked));
    });
}

async fn trade(writ: &Writ, authorization: &str) -> u16 {
    let url =
        format!("{}/v1/registry/token?service=registry.test&scope=repository:a:pull&scope=repository:b:pull", writ.url);
    send(http::Method::GET, &url, &[("authorization", authorization)], "").await.status.as_u16()
}
