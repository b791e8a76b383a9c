//! git-ai's authorship log, version 3.0.0 (github.com/git-ai-project/git-ai, specs/git_ai_standard_v3.0.0.md).

use domain::Digest;
use serde_json::json;

use super::Made;
use super::changed::File;

const TOOL: &str = "writ";

/// The note of a commit: who wrote which lines, a divider, and what is known of the session.
pub(super) fn log(made: &Made) -> String {
    // Section 1.2.3.1. The trace is random there; from the commit's id it is the same in every export.
    let session = key("s_", &format!("{TOOL}:{}", made.session));
    let trace = key("t_", &format!("{} {}", made.commit.id, made.session));
    let attested: String = made.files.iter().map(|file| attestation(file, &session, &trace)).collect();
    let metadata = json!({
        "schema_version": "authorship/3.0.0",
        "base_commit_sha": made.commit.id,
        "prompts": {},
        "sessions": {
            session: {
                "agent_id": { "tool": TOOL, "id": made.session, "model": "unknown" },
                "human_author": made.developer,
                "custom_attributes": { "dev.writ.session.url": made.url },
            },
        },
    });
    format!("{attested}---\n{metadata:#}\n")
}

fn attestation(file: &File, session: &str, trace: &str) -> String {
    let path = &file.path;
    let path = if path.contains([' ', '\t', '\n']) { format!("\"{path}\"") } else { path.clone() };
    let ranges = file.ranges.iter().map(|&(start, end)| match start == end {
        true => start.to_string(),
        false => format!("{start}-{end}"),
    });
    format!("{path}\n  {session}::{trace} {}\n", ranges.collect::<Vec<_>>().join(","))
}

fn key(prefix: &str, of: &str) -> String {
    let digest = Digest::of(of.as_bytes()).to_string();
    format!("{prefix}{}", &digest[..14])
}
