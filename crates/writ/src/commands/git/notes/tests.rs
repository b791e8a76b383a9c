#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

const PATCH: &str = "diff --git a/a.rs b/a.rs
index 1..2 100644
--- a/a.rs
+++ b/a.rs
@@ -1 +1,2 @@ fn main
-old
+new
+++ b/looks like a header
@@ -9,2 +11 @@
-one
--- a/removed line
+two
\\ No newline at end of file
diff --git a/gone b/gone
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/my file b/my file
new file mode 100644
--- /dev/null
+++ b/my file\t
@@ -0,0 +1,3 @@
+1
+2
+3
diff --git \"a/q\\\"\" \"b/q\\\"\"
--- \"a/q\\\"\"
+++ \"b/q\\\"\"
@@ -5,0 +6 @@
+q
";

fn made(serial: Option<u64>) -> Made {
    let commit = Commit {
        id: "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0".to_owned(),
        date: "2026-11-22T20:00:00+01:00".to_owned(),
        session: String::new(),
        developer: String::new(),
    };
    Made {
        commit,
        session: "ses_01M82DG5G00000000000000007".to_owned(),
        developer: "grace@writ.example.com".to_owned(),
        serial,
        url: "https://writ.example.com/sessions/ses_01M82DG5G00000000000000007".to_owned(),
        files: changed::files(PATCH),
    }
}

#[test]
fn a_patch_s_added_lines_are_found_and_content_is_not_taken_for_headers() {
    let files = changed::files(PATCH);
    let found: Vec<(&str, &[(u64, u64)])> = files.iter().map(|file| (file.path.as_str(), &file.ranges[..])).collect();
    let expected: [(&str, &[(u64, u64)]); 3] =
        [("a.rs", &[(1, 2), (11, 11)]), ("my file", &[(1, 3)]), ("q\"", &[(6, 6)])];
    assert_eq!(found, expected);
    assert!(changed::files("").is_empty());
}

#[test]
fn an_agent_trace_record() {
    insta::assert_json_snapshot!(agent_trace::record(&made(Some(4711))));
    let trailer = agent_trace::record(&made(None));
    assert_eq!(trailer["metadata"]["dev.writ"]["proof"], "trailer");
}

#[test]
fn a_git_ai_authorship_log() {
    insta::assert_snapshot!(git_ai::log(&made(Some(4711))));
}
