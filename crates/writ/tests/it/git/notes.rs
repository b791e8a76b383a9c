//! Notes: derived from commits, the same each time.

use serde_json::Value;

use super::Stage;
use crate::support::run;

impl Stage {
    fn export(&self, arguments: &[&str]) -> String {
        let mut writ = self.writ.command(&self.people.grace, "home-run");
        writ.args(["git", "notes", "export"]).args(arguments);
        self.place(&mut writ);
        // The developer is signed in in another home than git's.
        writ.env("WRIT_HOME", self.writ.path().join("home-run"));
        let output = writ.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn commits_of_sessions_get_notes_and_others_none() {
    run(async {
        let stage = Stage::start().await;
        stage.git(&["commit", "-q", "--allow-empty", "-m", "By hand"]);
        let (_, session) = stage.session("printf '1\n2\n' >f; git add f; git commit -qm Work").await;
        let claimed = format!("By hand\n\nAgent-Session: {session}\nAgent-Developer: grace");
        stage.git(&["commit", "-q", "--allow-empty", "-m", &claimed]);
        assert_eq!(stage.export(&[]), "noted 2 commits in refs/notes/writ\n");
        let first = stage.git(&["rev-parse", "refs/notes/writ^{tree}"]);
        let note: Value = serde_json::from_str(&stage.git(&["notes", "--ref=writ", "show", "HEAD~1"])).unwrap();
        assert_eq!(note["vcs"]["revision"], stage.git(&["rev-parse", "HEAD~1"]).trim());
        let conversation = &note["files"][0]["conversations"][0];
        assert_eq!(conversation["ranges"], serde_json::json!([{ "start_line": 1, "end_line": 2 }]));
        let url = format!("{}/sessions/{session}", stage.writ.url_of_commands());
        assert_eq!(conversation["related"], serde_json::json!([{ "type": "session", "url": url }]));
        let ours = &note["metadata"]["dev.writ"];
        assert_eq!((&ours["session.id"], &ours["proof"]), (&session.as_str().into(), &"signature".into()));
        let note: Value = serde_json::from_str(&stage.git(&["notes", "--ref=writ", "show", "HEAD"])).unwrap();
        assert_eq!(note["metadata"]["dev.writ"]["proof"], "trailer", "a trailer alone proves nothing");
        assert!(!stage.try_git(&["notes", "--ref=writ", "show", "HEAD~2"]).status.success());

        stage.export(&["HEAD"]);
        assert_eq!(stage.git(&["rev-parse", "refs/notes/writ^{tree}"]), first, "a repeated export changes nothing");
        assert_eq!(stage.export(&["--print", "HEAD~2..HEAD"]).lines().count(), 2);
        assert_eq!(stage.export(&["--git-ai", "HEAD~1"]), "noted 1 commits in refs/notes/ai\n");
        let log = stage.git(&["notes", "--ref=ai", "show", "HEAD~1"]);
        let (attested, metadata) = log.split_once("---\n").unwrap();
        assert!(attested.starts_with("f\n  s_") && attested.ends_with(" 1-2\n"), "{log}");
        let metadata: Value = serde_json::from_str(metadata).unwrap();
        assert_eq!(metadata["schema_version"], "authorship/3.0.0");
    });
}
