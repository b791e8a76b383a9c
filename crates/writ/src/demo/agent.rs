//! The demo's agent: a script instead of a model's will, but the real client's HTTP calls and real work on real files.

mod commit;
mod conversation;
mod credential;
mod lock;
mod push;
mod stream;
mod tools;
mod wire;

use serde_json::json;

use super::scene::SHARED;
use crate::cli::DemoAgent;
use crate::command_error::{CommandError, Exit};
use conversation::Conversation;
use wire::Wire;

/// What a model is asked for when a real one answers.
const REAL_PROMPT: &str = "Use the Write tool to create NOTES.md with one short line. Then use the Bash tool to run exactly \
    `cat NOTES.md`. Then answer in one short sentence.";

/// The scripted prompts; the marker picks what the stand-in answers.
const SCRIPT: [&str; 4] = [
    "SCENARIO:tool_write(path=NOTES.md,content=\"checkout: retry a failed payment once, then tell the customer\")",
    "SCENARIO:tool_bash(command=\"cat NOTES.md\")",
    "SCENARIO:agent(prompt=\"SCENARIO:sub(command=\\\"echo reviewed\\\")\")",
    "SCENARIO:long(events=60,delay_ms=10)",
];

/// Works through the script.
pub(crate) async fn run(arguments: DemoAgent) -> Result<Exit, CommandError> {
    let wire = Wire::from_environment(arguments.real_service)?;
    wire.hello().await?;
    let mut conversation = Conversation::new(&wire, &arguments.model);
    let tokens = conversation.count_tokens("How large is this prompt?").await?;
    say(&format!("counted {tokens} tokens of a prompt (free)"));
    let prompts: &[&str] = if arguments.real_service { &[REAL_PROMPT] } else { &SCRIPT };
    for prompt in prompts {
        conversation.ask(prompt).await?;
    }
    if arguments.real_service {
        Conversation::helper(&wire, &arguments.model, "a0000000000000001").ask("Answer with one word: done.").await?;
    }
    if let Some(token) = lock::take_shared()? {
        say(&format!("holds {SHARED}, token {token}"));
    }
    credential::use_at_service().await?;
    if commit::notes() {
        say("committed NOTES.md");
        for push in push::to_own_branch_and_main()?.into_iter().flatten() {
            match push.refused {
                None => say(&format!("pushed {}", push.branch)),
                Some(why) => say(&format!("push to {}: {why}", push.branch)),
            }
        }
    }
    Ok(Exit::Done)
}

/// One line of what the agent does.
fn say(text: &str) {
    println!("agent    {text}");
}

/// The client's tools, as far as the script needs them.
fn tool_declarations() -> serde_json::Value {
    let text = json!({ "type": "string" });
    json!([
        { "name": "Write", "description": "Write a file in the working folder.", "input_schema":
            { "type": "object", "required": ["file_path", "content"], "properties": { "file_path": text, "content": text } } },
        { "name": "Bash", "description": "Run one command: echo or cat, with plain arguments.", "input_schema":
            { "type": "object", "required": ["command"], "properties": { "command": text, "description": text } } },
        { "name": "Agent", "description": "Ask a helper.", "input_schema":
            { "type": "object", "required": ["prompt"], "properties": { "prompt": text, "description": text, "subagent_type": text } } },
    ])
}
