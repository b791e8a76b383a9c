//! What sub-agents hold, and working trees of their own.

use std::path::Path;

use serde_json::json;

use super::{Stage, assert_says, context, git};

/// A tool of an agent's that changes a file, before and after.
fn writes_as(stage: &Stage, agent: &str, name: &str) {
    let input = json!({"tool_name": "Write", "tool_use_id": "t",
        "tool_input": {"file_path": stage.path(name), "content": "x\n"}});
    assert_eq!(super::reason(&stage.hook_of(agent, "PreToolUse", input.clone())), None);
    stage.write(name, "x\n");
    stage.hook_of(agent, "PostToolUse", input);
}

#[test]
fn a_sub_agent_gives_back_what_it_alone_held() {
    let stage = Stage::new();
    writes_as(&stage, "a1", "mine");
    writes_as(&stage, "a1", "both");
    std::fs::remove_file(stage.path("both")).unwrap();
    writes_as(&stage, "", "both");
    let tickets: Vec<String> = stage.plane.asked.lock().unwrap().iter().map(|ask| ask.ticket.clone()).collect();
    assert_eq!(tickets.len(), 2);
    stage.hook_of("a2", "SubagentStop", json!({}));
    assert!(stage.plane.released.lock().unwrap().is_empty(), "the others go on");
    stage.hook_of("a1", "SubagentStop", json!({}));
    assert_eq!(*stage.plane.released.lock().unwrap(), [(tickets[0].clone(), 7)]);
    stage.hook("Stop", json!({}));
    assert_eq!(stage.plane.released.lock().unwrap()[1], (tickets[1].clone(), 7));
}

#[test]
fn a_turn_s_end_leaves_the_locks_of_sub_agents_that_go_on() {
    let stage = Stage::new();
    writes_as(&stage, "a1", "one");
    writes_as(&stage, "a2", "two");
    let tickets: Vec<String> = stage.plane.asked.lock().unwrap().iter().map(|ask| ask.ticket.clone()).collect();
    stage.hook("Stop", json!({"background_tasks": [{"id": "a2", "type": "subagent", "status": "running"}]}));
    assert_eq!(*stage.plane.released.lock().unwrap(), [(tickets[0].clone(), 7)]);
    stage.hook("SessionEnd", json!({}));
    assert_eq!(stage.plane.released.lock().unwrap()[1], (tickets[1].clone(), 7));
}

#[test]
fn a_working_tree_is_a_workspace_whose_work_is_told_where_it_is_kept() {
    let stage = Stage::new();
    stage.write("README.md", "one\n");
    git(&stage.path(""), &["add", "--all"]);
    git(&stage.path(""), &["commit", "--quiet", "-m", "One"]);
    let answer = stage.hook("WorktreeCreate", json!({"name": "agent-a1"}));
    assert_eq!((answer.exit, answer.err.as_str()), (0, ""));
    let tree = Path::new(answer.out.trim_end());
    assert_eq!(std::fs::read_to_string(tree.join("README.md")).unwrap(), "one\n");
    std::fs::write(tree.join("new"), "new\n").unwrap();
    let answer = stage.hook_of("a1", "SubagentStop", json!({"cwd": tree}));
    assert_eq!((answer.exit, answer.err.as_str()), (0, ""));
    let keep_ref = format!("refs/writ/keep/{}.agent-a1", super::SESSION);
    let told = context(&stage.hook("UserPromptSubmit", json!({})));
    assert_says(told, &["is kept in your repository", "1 changed file", &keep_ref]);
    git(&stage.path(""), &["cat-file", "-e", &format!("{keep_ref}:new")]);
    let answer = stage.hook("WorktreeRemove", json!({"worktree_path": tree}));
    assert_eq!((answer.exit, answer.err.as_str(), tree.exists()), (0, "", false));
}

#[test]
fn without_a_repository_there_is_no_working_tree() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let message = format!("{{\"event\":\"WorktreeCreate\"}}\n{}", json!({"name": "x", "cwd": folder.path()}));
    let answer = stage.runtime.block_on(stage.hooks.answer(message.as_bytes()));
    assert_eq!((answer.exit, answer.out.as_str()), (2, ""));
    assert!(answer.err.contains("this is not in a git repository"), "{}", answer.err);
}
