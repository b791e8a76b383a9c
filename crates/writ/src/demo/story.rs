//! The story of the demo, in at most 36 lines, and only what is true.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::repository::{self, Commit};
use super::scene::{ADMIN, DEVELOPER, GRANT, PROJECT, Running, SHARED, Scene, TEAM};
use crate::api::{CostRow, Session, Verified};
use crate::cli::AgentKind;
use crate::command_error::CommandError;
use crate::limits::{DEMO_LOOK_EVERY, DEMO_LOOKS_MAX, DEMO_SESSION_TIMEOUT, DEMO_STOP_TIMEOUT};
use crate::output::money;

const BUDGET: &str = "5.00";

/// What will happen.
pub(super) fn print_beginning(scene: &Scene) {
    let service = if scene.is_real_service {
        "the real model service, with your ANTHROPIC_API_KEY"
    } else {
        "a stand-in model service, offline"
    };
    println!("writ demo: one governed agent session on this machine, against {service}");
}

/// Runs the session and tells what the control plane recorded about it.
pub(super) async fn tell(scene: &Scene, running: &Running) -> Result<(), CommandError> {
    let git = if scene.has_git { "a throwaway git repository" } else { "a throwaway folder (git is not installed)" };
    println!("who      {DEVELOPER}, team {TEAM}, project {PROJECT}, budget ${BUDGET}; agent: {}", agent_name(scene));
    println!("where    {git}; control plane {}\n", running.url);
    run_session(scene).await?;
    let session = only_session(scene).await?;
    let vended = vended(scene, &session).await?;
    let locked = locked(scene, &session).await?;
    let pushed = pushed(scene, &session).await?;
    let rows = lines::<CostRow>(scene, ADMIN, &["cost", "--by", "developer,project", "--json"]).await?;
    let verified: Verified = lines(scene, ADMIN, &["log", "verify", "--json"]).await?.pop().ok_or_else(strange)?;
    check(&session, &rows, &verified)?;
    let found = who(scene, &session).await?;
    let audited = audit(scene).await?;
    println!();
    print_commit(scene).await?;
    if let Some(vended) = vended {
        println!("creds    {vended}");
    }
    if let Some(locked) = locked {
        println!("locks    {locked}");
    }
    if let Some(pushed) = pushed {
        println!("push     {pushed}");
    }
    print_end(&rows, &verified, &found);
    print_audit(&audited, &session);
    Ok(())
}

/// What stock git says of the agent's commit, if it made one.
async fn print_commit(scene: &Scene) -> Result<(), CommandError> {
    if !scene.has_git {
        return Ok(());
    }
    let signers = scene.path("allowed_signers");
    let trusted = scene.step(ADMIN, &["git", "allowed-signers"], "").await?;
    std::fs::write(&signers, trusted)
        .map_err(|error| CommandError::failed("cannot write the demo's trusted signers").because(&error))?;
    match repository::newest(&scene.work_folder(), &signers) {
        Some(Commit { id, signer: Some(signer) }) => {
            println!("git      commit {id} signed by the session's certificate: good signature for {signer}");
        }
        Some(Commit { id, signer: None }) => println!("git      commit {id} names the session, and is not signed"),
        None => {}
    }
    Ok(())
}

/// How to get in while the demo is kept.
pub(super) fn print_sign_in(scene: &Scene, running: &Running) {
    println!("\nrunning until Ctrl-C; the folder goes away then: {}", scene.path("").display());
    println!("sign in at {} as {ADMIN} or {DEVELOPER}, password {}", running.url, running.password);
    println!("or here: export WRIT_HOME={}", scene.path(DEVELOPER).display());
}

fn agent_name(scene: &Scene) -> &'static str {
    match scene.agent {
        AgentKind::Scripted => "scripted, with the HTTP calls of the real client",
        AgentKind::Claude => "the real Claude Code client",
    }
}

/// `writ run`, as the developer would type it. Its output is part of the story.
async fn run_session(scene: &Scene) -> Result<(), CommandError> {
    let mut command = scene.command_as(DEVELOPER);
    command.args(["run", "--project", PROJECT, "--budget", BUDGET, "--"]);
    match scene.agent {
        AgentKind::Scripted => scripted(scene, &mut command),
        AgentKind::Claude => claude(scene, &mut command)?,
    }
    command.current_dir(scene.work_folder()).stdin(Stdio::null());
    // A launcher that has to be killed leaves its folder behind: it goes with the demo's.
    command.env("TMPDIR", scene.path(""));
    let failed = |error: std::io::Error| CommandError::failed("`writ run` failed").because(&error);
    let mut launcher = Launcher(command.spawn().map_err(failed)?);
    let status = match tokio::time::timeout(DEMO_SESSION_TIMEOUT, launcher.0.wait()).await {
        Ok(status) => status.map_err(failed)?,
        Err(_) => {
            launcher.stop().await;
            return Err(CommandError::failed(format!(
                "the agent took longer than {} s",
                DEMO_SESSION_TIMEOUT.as_secs()
            )));
        }
    };
    if status.success() { Ok(()) } else { Err(CommandError::failed(format!("the governed session failed ({status})"))) }
}

fn scripted(scene: &Scene, command: &mut Command) {
    command.arg(scene.executable()).arg("demo-agent");
    if scene.is_real_service {
        command.arg("--real-service");
    }
}

/// The real client in a home of its own: nothing of the developer's is read or written.
fn claude(scene: &Scene, command: &mut Command) -> Result<(), CommandError> {
    let program = std::env::var_os("WRIT_DEMO_CLAUDE").unwrap_or_else(|| "claude".into());
    let (home, config) = (scene.path("home"), scene.path("claude"));
    for folder in [&home, &config] {
        std::fs::create_dir_all(folder)
            .map_err(|error| CommandError::failed("cannot make a home for the agent").because(&error))?;
    }
    let prompt = if scene.is_real_service {
        "Write a file NOTES.md with one line about this repository, then run `cat NOTES.md`."
    } else {
        "SCENARIO:tool_write(path=NOTES.md,content=\"written under a writ\",then=\"NOTES.md is written.\") go"
    };
    command.arg(program).args(["-p", prompt, "--permission-mode", "acceptEdits", "--allowedTools", "Bash(cat:*)"]);
    if scene.is_real_service {
        command.args(["--model", "claude-haiku-4-5"]);
    }
    command.env_clear().env("HOME", home).env("CLAUDE_CONFIG_DIR", config).env("WRIT_HOME", scene.path(DEVELOPER));
    for name in ["PATH", "LANG", "TERM"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    for name in [
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        "DISABLE_AUTOUPDATER",
        "DISABLE_TELEMETRY",
        "DISABLE_ERROR_REPORTING",
    ] {
        command.env(name, "1");
    }
    Ok(())
}

/// `writ run`, told to stop when the demo gives up, so that it ends its agent and its session.
struct Launcher(Child);

impl Launcher {
    async fn stop(&mut self) {
        self.terminate();
        let _ = tokio::time::timeout(DEMO_STOP_TIMEOUT, self.0.wait()).await;
    }

    fn terminate(&self) {
        if let Some(id) = self.0.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.terminate();
    }
}

async fn lines<T: serde::de::DeserializeOwned>(
    scene: &Scene,
    person: &str,
    arguments: &[&str],
) -> Result<Vec<T>, CommandError> {
    let text = scene.step(person, arguments, "").await?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| strange().because(&error))).collect()
}

fn strange() -> CommandError {
    CommandError::failed("the control plane's answer is not what the demo expects")
}

async fn only_session(scene: &Scene) -> Result<Session, CommandError> {
    let mut sessions: Vec<Session> = lines(scene, DEVELOPER, &["sessions", "--all", "--json"]).await?;
    match (sessions.pop(), sessions.is_empty()) {
        (Some(session), true) => Ok(session),
        _ => Err(CommandError::failed("expected exactly one session")),
    }
}

/// What became of the session's credentials; none when it asked for none. They are ended behind the session's end, so that
/// is waited for.
async fn vended(scene: &Scene, session: &Session) -> Result<Option<String>, CommandError> {
    let list = ["credential", "list", "--session", &session.id, "--json"];
    let mut looks = 0;
    let made: Vec<Value> = loop {
        let made: Vec<Value> = lines(scene, ADMIN, &list).await?;
        let is_dead = |one: &Value| one["status"] == "revoked" || one["status"] == "expired";
        looks += 1;
        if made.iter().all(is_dead) || looks >= DEMO_LOOKS_MAX {
            break made;
        }
        tokio::time::sleep(DEMO_LOOK_EVERY).await;
    };
    let Some(first) = made.first() else { return Ok(None) };
    if first["status"] != "revoked" {
        let status = &first["status"];
        return Err(CommandError::failed(format!("the demo's story would not be true: a credential is {status}")));
    }
    Ok(Some(format!("{GRANT}: let in with a token of this session alone; revoked when the session ended")))
}

/// What the session had locked, and that somebody else has it now with a later token; none when it locked nothing.
async fn locked(scene: &Scene, session: &Session) -> Result<Option<String>, CommandError> {
    let search = ["audit", "search", "--session", &session.id, "--kind", "lock.granted"];
    let granted: Vec<Value> = lines(scene, ADMIN, &search).await?;
    // Its ports are leased too.
    let is_shared = |entry: &&Value| {
        let wants = entry.pointer("/body/wants").and_then(Value::as_array);
        wants.is_some_and(|wants| wants.iter().any(|want| want["resource"] == SHARED))
    };
    let shared = granted.iter().find(is_shared).and_then(|entry| entry["position"].as_u64());
    let Some(was) = shared else { return Ok(None) };
    let ticket: Vec<Value> = lines(scene, ADMIN, &["lock", "acquire", SHARED, "--json"]).await?;
    let is = ticket.first().and_then(|ticket| ticket["token"].as_u64()).ok_or_else(strange)?;
    if is <= was {
        return Err(CommandError::failed(format!("the demo's story would not be true: token {is} came after {was}")));
    }
    Ok(Some(format!("{SHARED}: the agent's (token {was}) until its session ended; {ADMIN}'s now (token {is})")))
}

/// What the wall decided about the session's pushes, and that the repository behind it is as it decided; none when the session
/// pushed nothing.
async fn pushed(scene: &Scene, session: &Session) -> Result<Option<String>, CommandError> {
    let search = ["audit", "search", "--session", &session.id, "--kind", "push."];
    let entries: Vec<Value> = lines(scene, ADMIN, &search).await?;
    let of = |kind: &str| entries.iter().find(|entry| entry["type"] == kind);
    let (Some(admitted), Some(refused)) = (of("push.admitted"), of("push.refused")) else { return Ok(None) };
    let (own, work) = (format!("s/{}/main", session.id), scene.work_folder());
    let is_as_in_work = |branch: &str| {
        let there = repository::tip(&scene.origin(), branch);
        there.is_some() && there == repository::tip(&work, branch)
    };
    if !is_as_in_work(&own) || !is_as_in_work("main") {
        return Err(CommandError::failed(
            "the demo's story would not be true: the repository is not as the wall decided",
        ));
    }
    let position = |entry: &Value| entry["position"].as_u64().ok_or_else(strange);
    let (admitted, refused) = (position(admitted)?, position(refused)?);
    Ok(Some(format!("the session's branch went in (entry {admitted}); main stayed as it was (entry {refused})")))
}

/// Who made the session's last call, from the call's id alone; the log's proof was checked.
async fn who(scene: &Scene, session: &Session) -> Result<String, CommandError> {
    let search = ["audit", "search", "--session", &session.id, "--kind", "call.settled"];
    let calls: Vec<Value> = lines(scene, ADMIN, &search).await?;
    let call = calls.last().and_then(|entry| entry.pointer("/body/call")?.as_str()).ok_or_else(strange)?;
    let told: Value = lines(scene, ADMIN, &["who", call, "--json"]).await?.pop().ok_or_else(strange)?;
    let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let is_true = text("/session/id") == session.id && text("/human/login") == DEVELOPER;
    if !is_true || text("/proofs/0/outcome") != "proven" {
        return Err(CommandError::failed(format!("the demo's story would not be true: {}", text("/proofs/0/text"))));
    }
    let entry = told.pointer("/proofs/0/position").and_then(Value::as_u64).ok_or_else(strange)?;
    Ok(format!("{call} → {} → {DEVELOPER} (proved by entry {entry})", session.id))
}

/// The whole log taken away as a bundle, and checked as somebody without this server would.
async fn audit(scene: &Scene) -> Result<String, CommandError> {
    let file = scene.path("log.writ-audit");
    let bundle = file.to_str().ok_or_else(strange)?;
    scene.step(ADMIN, &["audit", "export", "--from", "0", "--output", bundle], "").await?;
    let told: Value = lines(scene, ADMIN, &["audit", "verify", bundle, "--json"]).await?.pop().ok_or_else(strange)?;
    let count = told.get("entries").and_then(Value::as_u64).ok_or_else(strange)?;
    if told.get("verified") != Some(&Value::Bool(true)) {
        return Err(CommandError::failed("the demo's story would not be true: the exported log does not verify"));
    }
    Ok(format!("{count} entries taken away with their proofs, and verified offline"))
}

/// A story that is not true is not told.
fn check(session: &Session, rows: &[CostRow], verified: &Verified) -> Result<(), CommandError> {
    let untrue = |what: String| Err(CommandError::failed(format!("the demo's story would not be true: {what}")));
    if session.status != "ended" || session.held_usd_nanos != 0 {
        return untrue(format!("session {} is {}, {} held", session.id, session.status, money(session.held_usd_nanos)));
    }
    if session.calls == 0 || session.spent_usd_nanos <= 0 {
        return untrue(format!("{} calls, {} spent", session.calls, money(session.spent_usd_nanos)));
    }
    let (calls, cost) = rows.iter().fold((0, 0), |(calls, cost), row| (calls + row.calls, cost + row.cost_usd_nanos));
    if (calls, cost) != (session.calls, session.spent_usd_nanos) {
        return untrue(format!("the cost report says {calls} calls and {}", money(cost)));
    }
    if !verified.verified {
        return untrue("the log does not match its hashes".to_owned());
    }
    Ok(())
}

fn print_end(rows: &[CostRow], verified: &Verified, who: &str) {
    for row in rows {
        let name = |dimension: &str| {
            let value = row.keys.get(dimension).unwrap_or(&Value::Null);
            let name = ["login", "name"].iter().find_map(|field| value.get(field).and_then(Value::as_str));
            name.unwrap_or("unattributed").to_owned()
        };
        let quality = if row.estimated_calls == 0 { "every call metered exactly" } else { "partly estimated" };
        println!(
            "cost     {}: {} for {} calls, project {}; {quality}",
            name("developer"),
            money(row.cost_usd_nanos),
            row.calls,
            name("project")
        );
    }
    println!("log      {} entries, every one matches its hash", verified.entries);
    println!("who      {who}");
}

fn print_audit(audited: &str, session: &Session) {
    println!("audit    {audited}");
    println!("look     {} (writ demo --keep leaves all of this running)", session.url);
}
