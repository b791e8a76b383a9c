//! `writ who` about commits that were made inside a session: proof by their signature, and by nothing else.

use serde_json::{Value, json};

use super::Stage;
use crate::support::run;

impl Stage {
    /// Asks as an administrator, in a folder.
    fn who(&self, folder: &std::path::Path, thing: &str) -> (Option<i32>, Value) {
        let mut writ = self.writ.command(&self.people.ada, "home-ada");
        let output = writ.args(["who", thing, "--json"]).current_dir(folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{said}")))
    }
}

fn links(told: &Value) -> Vec<(&str, &str)> {
    let links = told["links"].as_array().unwrap().iter();
    links.map(|link| (link["kind"].as_str().unwrap(), link["evidence"].as_str().unwrap())).collect()
}

#[test]
fn a_commit_of_a_session_is_proved_by_its_signature_and_the_log() {
    run(async {
        let stage = Stage::start().await;
        let (_, session) =
            stage.session("echo one > pay.rs; git add pay.rs; git commit --quiet -m 'Pay in time'").await;
        let commit = stage.log("%H");
        for thing in ["pay.rs:1", "HEAD", &commit, &commit[..9]] {
            let (code, told) = stage.who(&stage.path(""), thing);
            assert_eq!((code, &told["session"]["id"]), (Some(0), &json!(session)), "{thing}: {told:#}");
            assert_eq!((&told["human"]["login"], &told["contradictions"]), (&json!("grace"), &json!([])), "{thing}");
            let expected = [
                ("commit_signature", "proof"),
                ("certificate_serial", "proof"),
                ("commit", "claim"),
                ("commit_trailer", "claim"),
            ];
            assert_eq!(links(&told), expected, "{thing}");
            let proofs: Vec<_> = told["proofs"].as_array().unwrap().iter().map(|proof| &proof["outcome"]).collect();
            assert_eq!(proofs, ["proven", "proven"], "{thing}: {told:#}");
        }
        // Without the repository there is no signature to look at: what the session recorded is a claim.
        let (code, told) = stage.who(stage.writ.path(), &commit[..9]);
        assert_eq!((code, links(&told)), (Some(0), vec![("commit", "claim")]), "{told:#}");
        assert_eq!(told["session"]["id"], session);
    });
}

/// A trailer that somebody forged, below a commit of theirs that nobody signed and nobody recorded.
#[test]
fn a_forged_trailer_stays_a_claim() {
    run(async {
        let stage = Stage::start().await;
        let (_, session) = stage.session("true").await;
        let message = format!("Not the session's\n\nAgent-Session: {session}");
        stage.git(&["commit", "--quiet", "--allow-empty", "-m", &message]);
        let (code, told) = stage.who(&stage.path(""), "HEAD");
        assert_eq!(code, Some(0));
        assert_eq!(links(&told)[0], ("commit_trailer", "claim"));
        assert_eq!(told["commit"]["signature"], "none");
    });
}
