//! `writ keys` and `writ issuer`.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Caller, Writ, WritOptions, run};

/// The tables of a configuration with one audience of a kind that wants certificates.
const CEPH: &str = "[issuer]\nx5c = true\n\n[[issuer.audiences]]\nname = \"sts.amazonaws.com\"\nkind = \"ceph\"\n";

fn writ(writ: &Writ, caller: &Caller, arguments: &[&str]) -> Output {
    let output = writ.command(caller, "home").args(arguments).output().unwrap();
    crate::support::leaks::complaint(&output.stderr);
    output
}

fn done(writ: &Writ, caller: &Caller, arguments: &[&str]) -> (String, String) {
    let output = self::writ(writ, caller, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {err}");
    (out, err)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn keys_are_listed_and_rotated() {
    run(async {
        let server = Writ::start().await;
        let ada = server.people().await.ada;
        let (_, said) = done(&server, &ada, &["keys", "rotate"]);
        assert!(said.contains("is published and signs from") && said.contains("stays published until"), "{said}");
        let listed = lines(&done(&server, &ada, &["keys", "list", "--json"]).0);
        let standings: Vec<_> = listed.iter().map(|key| (key["use"].as_str(), key["standing"].as_str())).collect();
        assert_eq!(
            standings,
            [("sign", "active"), ("sign", "next"), ("seal", "active")].map(|(one, two)| (Some(one), Some(two)))
        );
        let (table, _) = done(&server, &ada, &["keys", "list"]);
        assert_eq!(table.lines().count(), 4, "{table}");
        let refused = writ(&server, &ada, &["keys", "rotate"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("has not begun to sign") && said.contains("`writ keys rotate --now` lets it"), "{said}");
        done(&server, &ada, &["keys", "rotate", "--now"]);
        done(&server, &ada, &["keys", "rotate", "--seal"]);
        let listed = lines(&done(&server, &ada, &["keys", "list", "--json"]).0);
        assert_eq!(listed.len(), 4, "two sign, two seal: {listed:?}");
    });
}

#[test]
fn a_leak_is_asked_about_and_ends_all_other_keys() {
    run(async {
        let server = Writ::start().await;
        let ada = server.people().await.ada;
        let session = ada.open(json!({})).await;
        let asked = writ(&server, &ada, &["keys", "rotate", "--leaked"]);
        let said = String::from_utf8(asked.stderr).unwrap();
        assert!(asked.status.code() == Some(2) && said.contains("say so with `--yes`"), "{said}");
        let (_, said) = done(&server, &ada, &["keys", "rotate", "--leaked", "--yes"]);
        assert!(said.contains("all other keys are forgotten"), "{said}");
        let keys = super::published(&ada).await;
        assert_eq!(keys.keys.len(), 1);
        assert_eq!(super::verified(&keys, &session.writ, "writ"), None);
        let fresh = ada.open(json!({})).await;
        assert!(super::verified(&keys, &fresh.writ, "writ").is_some());
        for both in [["--now", "--leaked"], ["--now", "--seal"], ["--leaked", "--seal"]] {
            let output = writ(&server, &ada, &[&["keys", "rotate"][..], &both].concat());
            assert_eq!(output.status.code(), Some(2), "{both:?}");
        }
    });
}

#[test]
fn the_issuer_is_shown_with_what_to_paste() {
    run(async {
        let options = WritOptions { tables: CEPH.to_owned(), ..WritOptions::default() };
        let server = Writ::start_with(options).await;
        let grace = server.people().await.grace;
        let (text, said) = done(&server, &grace, &["issuer", "show", "--project", "checkout", "--profile", "deploy"]);
        let issuer = grace.get("/v1/issuer").await.json();
        let thumbprint = issuer["keys"][0]["thumbprint"].as_str().unwrap();
        let project = grace.get("/v1/whoami").await.json()["projects"][0]["id"].as_str().unwrap().to_owned();
        for part in [
            &format!("issuer        {}\n", server.url),
            &format!("--thumbprint-list {thumbprint}\n"),
            "\"sts:TagSession\"",
            &format!(":sub\": \"project:{project}:profile:deploy\""),
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(said.contains("note: of the issuer's address: it has a port"), "{said}");
        // A kind that is not configured is shown as it would be.
        let (json, said) = done(&server, &grace, &["issuer", "show", "--for", "kubernetes", "--json"]);
        let shown = lines(&json).remove(0);
        assert_eq!(shown["audiences"][0]["kind"], "kubernetes");
        assert_eq!(shown["audiences"][0]["subject_filled"], "project:PROJECT_ID:profile:default");
        let setup = shown["audiences"][0]["setup"]["the file for --authentication-config of kube-apiserver"].as_str();
        assert!(setup.unwrap().contains(&format!("url: {}", server.url)));
        assert!(said.contains("not configured yet: add it to `[[issuer.audiences]]`"), "{said}");
        let unknown = writ(&server, &grace, &["issuer", "show", "--project", "nowhere"]);
        assert!(String::from_utf8(unknown.stderr).unwrap().contains("no project `nowhere` of yours"));
    });
}

#[test]
fn the_issuer_is_exported_as_static_files() {
    run(async {
        let options = WritOptions { tables: CEPH.to_owned(), ..WritOptions::default() };
        let server = Writ::start_with(options).await;
        let anonymous = server.anonymous();
        let folder = server.path().join("public/site");
        let export = |more: &[&str]| {
            let mut command = std::process::Command::new(crate::support::process::WRIT);
            command.env_clear().env("HOME", server.path()).args(["issuer", "export", "--server", &server.url]);
            let output = command.arg("--dir").arg(&folder).args(more).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let read = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(folder.join(".well-known").join(name)).unwrap()).unwrap()
        };
        export(&[]);
        assert_eq!(read("openid-configuration"), anonymous.get("/.well-known/openid-configuration").await.json());
        assert_eq!(read("jwks.json"), anonymous.get("/.well-known/jwks.json").await.json());
        assert!(read("jwks.json")["keys"][0].get("x5c").is_some());
        // Google takes kty, alg, use, kid, n, e, x, y, crv and nothing else in uploaded keys.
        export(&["--without-x5c"]);
        let key = read("jwks.json")["keys"][0].clone();
        let members: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    });
}
