//! `writ workspace`: what was left is found, kept, and goes.

use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Stage;
use crate::support::{run, until};

#[test]
fn a_launcher_that_was_killed_leaves_work_that_comes_back() {
    run(async {
        let stage = Stage::start().await;
        let script = "git commit -q --allow-empty -m Mine; echo x >untracked; echo ready $$; exec sleep 600";
        let mut launcher = stage.command(&["run", "--", "sh", "-ec", script]).spawn().unwrap();
        let mut stdout = BufReader::new(launcher.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ready") {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
        }
        let agent = Pid::from_raw(line.split_whitespace().nth(1).unwrap().parse().unwrap());
        let session = stage.newest().await;
        assert_eq!(stage.list()[0]["state"], "live");
        let said = stage.say(&["workspace", "recover", &session]);
        assert!(said.stderr.contains("somebody works in the workspace"), "{said:#?}");
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        // The agent goes on, and nobody takes its folder away.
        assert_eq!(stage.list()[0]["state"], "live");
        assert_eq!(stage.say(&["workspace", "gc", "--all"]).stdout, "");
        kill(agent, Signal::SIGKILL).unwrap();
        until("the workspace to be left", || async { (stage.list()[0]["state"] == "left").then_some(()) }).await;
        let listed = stage.list()[0].clone();
        assert_eq!((&listed["changed_files"], &listed["session.id"]), (&1.into(), &session.as_str().into()));
        assert_eq!(listed["repository"], stage.repository().to_str().unwrap());

        let short = &session[session.len() - 8..];
        let said = stage.say(&["workspace", "recover", short]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        let branch = format!("recovered/{}", short.to_lowercase());
        assert!(said.stdout.starts_with(&format!("branch {branch} in ")), "{said:#?}");
        assert_eq!(
            stage.git(&["log", "--format=%s", &branch]),
            format!("Work in progress of session {session}\nMine\nStart")
        );
        assert_eq!(stage.git(&["show", &format!("{branch}:untracked")]), "x");
        assert_eq!(stage.git(&["log", "--format=%s", &format!("s/{session}/main")]), "Mine\nStart");

        assert_eq!(stage.say(&["workspace", "gc", "--dry-run", "--all"]).stdout.lines().count(), 1);
        assert_eq!(stage.list().len(), 1);
        let said = stage.say(&["workspace", "gc", "--all"]);
        assert!(said.stdout.contains(&format!("; its work is at refs/writ/keep/{session} in ")), "{said:#?}");
        assert_eq!(stage.list().len(), 0);
        assert_eq!(super::names(&stage.workspaces()), [".trash"]);
        assert_eq!(super::names(&stage.workspaces().join(".trash")), Vec::<String>::new());
        // Without the workspace the whole id is asked for, in the repository.
        assert_eq!(stage.say(&["workspace", "recover", short]).code, Some(1));
        assert_eq!(stage.say(&["workspace", "recover", &session, "--branch", "again"]).code, Some(0));
        assert_eq!(stage.git(&["rev-parse", "again"]), stage.git(&["rev-parse", &branch]));
        let said = stage.say(&["workspace", "recover", &session, "--branch", "main"]);
        assert!(said.stderr.contains("there is a branch main already"), "{said:#?}");
    });
}

#[test]
fn workspaces_are_listed_opened_and_removed_by_name() {
    run(async {
        let stage = Stage::start().await;
        assert_eq!(stage.say(&["workspace", "list"]).stdout, "");
        stage.run(&[], "echo 1 >one");
        let first = stage.newest().await;
        stage.run(&[], "echo 2 >two");
        let second = stage.newest().await;
        let said = stage.say(&["workspace", "list"]);
        let rows: Vec<&str> = said.stdout.lines().collect();
        assert_eq!(rows.len(), 3, "{said:#?}");
        for session in [&first, &second] {
            let row = rows.iter().find(|row| row.starts_with(session.as_str())).unwrap();
            let words: Vec<&str> = row.split_whitespace().collect();
            let (repository, branch) = (stage.repository().display().to_string(), format!("s/{session}/main"));
            let expected = ["ended", &repository, &branch, "1"];
            assert_eq!(words[1..5], expected);
        }
        let said = stage.say(&["workspace", "open", &first]);
        assert_eq!(std::fs::read_to_string(format!("{}/one", said.stdout.trim())).unwrap(), "1\n");
        let said = stage.say(&["workspace", "gc"]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "young ones stay");
        let said = stage.say(&["workspace", "gc", &first]);
        assert!(said.stdout.starts_with(&format!("removed the workspace of session {first} (")), "{said:#?}");
        assert_eq!(stage.list()[0]["session.id"], second);
        let said = stage.say(&["workspace", "open", &first]);
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("there is no workspace of"), "{said:#?}");

        // Its repository is gone: it stays, and it is said.
        std::fs::rename(stage.repository(), stage.folder.path().join("moved")).unwrap();
        std::fs::create_dir(stage.repository()).unwrap();
        let said = stage.say(&["workspace", "gc", "--all"]);
        assert_eq!(said.code, Some(1), "{said:#?}");
        assert!(said.stderr.contains(&format!("the workspace of session {second} stays: ")), "{said:#?}");
        assert!(said.stderr.contains(" is gone"), "{said:#?}");
        assert_eq!(stage.list()[0]["changed_files"], serde_json::Value::Null);
    });
}
