//! An operator's command as a broker: what it makes reaches the session and dies with it, and none of its mistakes leaks or
//! leaves anything alive unnoticed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::vault::made_of;
use crate::support::files::holding;
use crate::support::{Answer, Caller, Opened, People, Writ, run, until};

/// What plugins print where they should not.
const LEAKED: &str = "the-secret-that-leaks-4711";

/// A real server with a broker `acme` whose target `prod` is granted to project `checkout`.
pub(super) struct Stage {
    pub(super) writ: Writ,
    pub(super) people: People,
    pub(super) session: Opened,
}

/// A plugin in sh, with a folder for its notes that is none of writ's.
struct Plugin {
    folder: TempDir,
}

impl Plugin {
    /// `mint` and `revoke` are what it does; `$in` is what it was told.
    fn new(mint: &str, revoke: &str) -> Self {
        let plugin = Self { folder: tempfile::tempdir().unwrap() };
        plugin.write(mint, revoke);
        plugin
    }

    fn write(&self, mint: &str, revoke: &str) {
        let script = format!(
            "#!/bin/sh\ncd '{}'\nin=$(cat)\necho \"$in\" >>told\n\
             field() {{ printf %s \"$in\" | sed -n \"s/.*\\\"$1\\\":\\\"\\([^\\\"]*\\)\\\".*/\\1/p\"; }}\n\
             case $in in *'\"action\":\"mint\"'*)\n{mint}\n;; *)\n{revoke}\n;; esac\n",
            self.folder.path().display()
        );
        // A new file each time: a running one cannot be written.
        let (path, next) = (self.path(), self.folder.path().join("next"));
        std::fs::write(&next, script).unwrap();
        std::fs::set_permissions(&next, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(&next, path).unwrap();
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("plugin")
    }

    fn broker(&self) -> Value {
        json!({ "kind": "exec", "secrets": { "key": "operators-own-key-0815" }, "settings": {
            "command": [self.path()], "env": ["PATH"], "secret_env": { "key": "ACME_KEY" }, "timeout_seconds": 1,
            "targets": { "prod": { "dimensions": { "roles": ["read", "write"] }, "settings": { "tenant": "t1" } } },
        } })
    }

    /// What it was told, in order.
    fn told(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("told")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn told_to(&self, action: &str) -> Vec<Value> {
        self.told().into_iter().filter(|one| one["action"] == action).collect()
    }
}

/// Prints a good answer. The credential's own id is the handle, and in the name; the secret cannot be told from it.
const GOOD: &str = r#"id=$(field credential); until=$(field expires_at); made=$(printf %s "$id" | sha256sum | cut -c1-32)
printf '{"version":1,"secret":{"token":"made-for-%s"},"expires_at":"%s","handle":"h-%s","names":["acme/%s"]}' "$made" "$until" "$id" "$id""#;

impl Stage {
    pub(super) async fn start(broker: Value, scope: Value) -> Self {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let set = people.ada.put("/v1/brokers/acme", Some(broker)).await;
        assert_eq!(set.status, 200, "{}", set.text());
        let grant = json!({ "scope": scope });
        let granted = people.ada.put("/v1/projects/checkout/grants/acme/prod", Some(grant)).await;
        assert_eq!(granted.status, 200, "{}", granted.text());
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        Self { writ, people, session }
    }

    pub(super) async fn ask(&self, more: Value) -> Answer {
        let mut body = json!({ "broker": "acme", "target": "prod" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.session.caller.post(&format!("/v1/sessions/{}/credentials", self.session.id), body).await
    }

    pub(super) async fn end(&self) {
        let ended = self.session.caller.post(&format!("/v1/sessions/{}/end", self.session.id), json!({})).await;
        assert_eq!(ended.status, 200, "{}", ended.text());
    }

    /// The credential once it has a status.
    pub(super) async fn becomes(&self, id: &str, status: &str) -> Value {
        until(&format!("credential {id} to be {status}"), || async {
            let shown = self.people.ada.get(&format!("/v1/credentials/{id}")).await.json();
            (shown["status"] == status).then_some(shown)
        })
        .await
    }

    /// The only credential there is.
    pub(super) async fn only(&self) -> Value {
        let listed = self.people.ada.get("/v1/credentials").await.json();
        let all = listed["credentials"].as_array().unwrap();
        assert_eq!(all.len(), 1, "{listed}");
        all[0].clone()
    }

    /// Neither what writ wrote nor its database has one of these texts.
    pub(super) fn assert_nowhere(&self, texts: &[&str]) {
        assert!(!self.writ.log().is_empty());
        assert_eq!(holding(self.writ.path(), texts), Vec::<String>::new());
    }
}

fn configure<'a>(ada: &'a Caller, plugin: &Plugin) -> impl Future<Output = Answer> + use<'a> {
    let broker = plugin.broker();
    async move { ada.put("/v1/brokers/acme", Some(broker)).await }
}

#[test]
fn what_a_command_makes_dies_with_its_session() {
    run(async {
        let plugin = Plugin::new(GOOD, "exit 0");
        let stage = Stage::start(plugin.broker(), json!({ "roles": ["read"] })).await;
        let made = stage.ask(json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let (id, secret) = (made["id"].as_str().unwrap(), made["secret"]["token"].as_str().unwrap());
        assert_eq!(secret, format!("made-for-{}", made_of(id)));
        assert_eq!(made["names"][0], json!({ "kind": "credential_handle", "value": format!("acme/{id}") }));

        let told = plugin.told_to("mint").pop().unwrap();
        assert_eq!(told["session"], json!(stage.session.id));
        assert_eq!((&told["developer"]["name"], &told["project"]["name"]), (&json!("grace"), &json!("checkout")));
        assert_eq!((&told["scope"], &told["settings"]), (&json!({ "roles": ["read"] }), &json!({ "tenant": "t1" })));

        // The name finds the session.
        let who = stage.people.ada.get(&format!("/v1/who?thing=acme/{id}")).await;
        assert!(who.text().contains(&stage.session.id), "{}", who.text());

        stage.end().await;
        stage.becomes(id, "revoked").await;
        let told = plugin.told_to("revoke").pop().unwrap();
        assert_eq!((&told["handle"], &told["credential"]), (&json!(format!("h-{id}")), &json!(id)));
        stage.assert_nowhere(&[secret, "operators-own-key-0815"]);
    });
}

/// Each mistake is a clear error, and what was perhaps made is ended.
#[test]
fn no_mistake_of_a_command_leaks_or_leaves_anything_alive() {
    run(async {
        let leak = format!("echo '{LEAKED}' >&2; exit 1");
        let past = GOOD.replace("until=$(field expires_at)", "until=2020-01-01T00:00:00Z");
        let late = GOOD.replace("until=$(field expires_at)", "until=2999-01-01T00:00:00Z");
        let printed = format!("echo '{LEAKED}'; echo '{LEAKED}' >&2");
        for (mint, status, code, text, is_told_to_end) in [
            ("sleep 1000", 503, "target_unavailable", "took more than 1 s", true),
            (leak.as_str(), 502, "target_refused", "refused with exit code 1; it wrote 27 bytes", false),
            (&past, 502, "target_refused", "that is past (2020-01-01T00:00:00Z", true),
            (&late, 502, "target_refused", "later than the", true),
            (&printed, 502, "target_refused", "not one JSON object", true),
            ("kill -SEGV $$", 503, "target_unavailable", "died of signal 11", true),
            ("exit 75", 503, "target_unavailable", "exit code 75", true),
            ("head -c 100000 /dev/zero", 502, "target_refused", "printed more than 65536 bytes", true),
        ] {
            let plugin = Plugin::new(GOOD, "exit 0");
            let stage = Stage::start(plugin.broker(), json!({ "roles": ["read"] })).await;
            plugin.write(mint, "exit 0");
            let before = plugin.told_to("revoke").len();
            let refused = stage.ask(json!({})).await;
            let problem = refused.json();
            assert_eq!((refused.status.as_u16(), problem["code"].as_str().unwrap()), (status, code), "{problem}");
            let detail = problem["detail"].as_str().unwrap();
            let named = format!("broker `acme`: the command `{}`, asked for `prod`,", plugin.path().display());
            assert!(detail.starts_with(&named) && detail.contains(text), "{detail}");
            let id = stage.only().await["id"].as_str().unwrap().to_owned();
            if is_told_to_end && ["sleep 1000", "kill -SEGV $$", "exit 75", "head -c 100000 /dev/zero"].contains(&mint)
            {
                // It may be on its way still: it is ended once it cannot be any more.
                let shown = stage.becomes(&id, "revoking").await;
                assert_eq!(shown["due"], "asked", "{shown}");
            } else {
                stage.becomes(&id, "not_made").await;
                let ended = plugin.told_to("revoke").len() - before;
                assert_eq!(ended, usize::from(is_told_to_end), "{mint}");
            }
            stage.assert_nowhere(&[LEAKED, "made-for-"]);
        }
    });
}

#[test]
fn a_revocation_that_fails_is_tried_until_it_works() {
    run(async {
        let plugin = Plugin::new(GOOD, "exit 0");
        let stage = Stage::start(plugin.broker(), json!({ "roles": ["read"] })).await;
        let id = stage.ask(json!({})).await.json()["id"].as_str().unwrap().to_owned();
        let revoke = format!("echo x >>tries; [ $(wc -l <tries) -ge 3 ] || {{ echo '{LEAKED}' >&2; exit 1; }}");
        plugin.write(GOOD, &revoke);
        let before = plugin.told_to("revoke").len();
        stage.end().await;
        stage.becomes(&id, "revoked").await;
        assert_eq!(plugin.told_to("revoke").len() - before, 3);
        assert!(stage.writ.log().contains("could not be revoked, and is tried again"));
        stage.assert_nowhere(&[LEAKED]);
    });
}

/// A command that can make and not end is found when it is configured, not when a session ends.
#[test]
fn a_command_that_cannot_revoke_is_not_taken() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        for (mint, revoke, text) in [
            (GOOD, "echo 'not permitted' >&2; exit 1", "could not be ended again, so it lives until"),
            (GOOD, "sleep 1000", "could not be ended again"),
            ("exit 1", "exit 0", "refused with exit code 1"),
        ] {
            let plugin = Plugin::new(mint, revoke);
            let refused = configure(&people.ada, &plugin).await;
            assert_eq!(refused.status, 400, "{}", refused.text());
            assert!(refused.text().contains(text) && !refused.text().contains("not permitted"), "{}", refused.text());
        }
        assert_eq!(people.ada.get("/v1/brokers").await.json(), json!({ "brokers": [] }));
        let missing = Plugin { folder: tempfile::tempdir().unwrap() };
        let refused = configure(&people.ada, &missing).await;
        assert!(refused.text().contains("there is no such program"), "{}", refused.text());
        assert!(!Path::new(&missing.path()).exists());
    });
}

#[test]
fn a_scope_outside_the_grant_never_reaches_the_command() {
    run(async {
        let plugin = Plugin::new(GOOD, "exit 0");
        let stage = Stage::start(plugin.broker(), json!({ "roles": ["read"] })).await;
        let minted = plugin.told_to("mint").len();
        let refused = stage.ask(json!({ "scope": { "roles": ["write"] } })).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        let strange = json!({ "scope": { "rolls": ["read"] } });
        let refused = stage.people.ada.put("/v1/projects/checkout/grants/acme/prod", Some(strange)).await;
        assert!(refused.text().contains("knows no dimension `rolls`, it has `roles`"), "{}", refused.text());
        assert_eq!(plugin.told_to("mint").len(), minted);
    });
}
