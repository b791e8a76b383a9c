use domain::Resource;
use domain::lock::Mode;
use proptest::prelude::*;

use super::{CommandContext, Effects, How, Rules};

const REPOSITORY: &str = "github.com/acme/api";

const CONTEXT: CommandContext<'_> = CommandContext {
    repository: Some(REPOSITORY),
    branch: Some("s/ses_1/pool"),
    root: "/w",
    folder: "/w",
    home: Some("/home/ana"),
};

const RULES: &str = r#"
[[repository]]
name = "github.com/acme/api"
case = "fold"
protected = ["main", "release/*"]
signature = "required"

[[path]]
repository = "github.com/acme/api"
under = ["infra/prod", "Config"]
mode = "X"

[[path]]
files = ["go.sum"]
mode = "N"

[[command]]
run = "make deploy"
resource = "env:{repo}/{branch}"
mode = "X"

[[command]]
run = "terraform apply"
resource = "tfstate:acme/{dir}"
mode = "S"

[[tool]]
name = "mcp__linear__*"
resource = "mcp:linear"
mode = "X"
"#;

fn rules() -> Rules {
    Rules::parse(RULES).unwrap()
}

fn path(rules: &Rules, path: &str) -> String {
    let want = rules.for_path(REPOSITORY, path).unwrap();
    format!("{} {}", want.resource, want.mode)
}

fn wants(rules: &Rules, command: &str) -> Vec<String> {
    let (wants, _) = rules.for_command(&CONTEXT, command);
    wants.iter().map(|want| format!("{} {}", want.resource, want.mode)).collect()
}

/// What a command line is seen to do, whatever the rules.
fn effects(context: &CommandContext<'_>, command: &str) -> Effects {
    Rules::default().for_command(context, command).1
}

#[test]
fn the_built_in_rules_are_read() {
    let rules = Rules::default();
    assert!(!rules.hot.is_empty() && rules.commands.len() >= 5);
}

#[test]
fn a_hot_path_is_wanted_as_a_whole_and_others_one_by_one() {
    let rules = Rules::default();
    for (file, expected) in [
        ("src/main.rs", "src/main.rs IX"),
        ("Cargo.lock", "Cargo.lock X"),
        ("web/package-lock.json", "web/package-lock.json X"),
        ("db/migrations/0001.sql", "db/migrations X"),
        ("migrations", "migrations X"),
        (".github/workflows/ci.yml", ".github/workflows X"),
        (".github/workflows2/ci.yml", ".github/workflows2/ci.yml IX"),
        ("docs/migrations.md", "docs/migrations.md IX"),
    ] {
        assert_eq!(path(&rules, file), format!("path:{REPOSITORY}//{expected}"));
    }
}

#[test]
fn a_project_s_rules_come_first_and_case_is_as_the_repository_says() {
    let rules = rules();
    assert_eq!(path(&rules, "infra/PROD/x.tf"), format!("path:{REPOSITORY}//infra/prod X"));
    assert_eq!(path(&rules, "config/a"), format!("path:{REPOSITORY}//config X"));
    assert_eq!(path(&rules, "infra/prod2/x.tf"), format!("path:{REPOSITORY}//infra/prod2/x.tf IX"));
    assert_eq!(path(&rules, "go.sum"), format!("path:{REPOSITORY}//go.sum N"), "before the built-in rule");
    let other = rules.for_path("github.com/acme/web", "infra/prod/x.tf").unwrap();
    assert_eq!(
        (other.mode, other.resource.to_string()),
        (Mode::IX, "path:github.com/acme/web//infra/prod/x.tf".to_owned())
    );
    let upper: Resource = "path:github.com/acme/api//README.md".parse().unwrap();
    assert_eq!(rules.canonical(upper.clone()).to_string(), "path:github.com/acme/api//readme.md");
    assert_eq!(Rules::default().canonical(upper.clone()), upper);
}

#[test]
fn both_spellings_of_a_letter_are_one_path() {
    let rules = Rules::parse("[[path]]\nunder = [\"caf\u{e9}\"]\nmode = \"X\"").unwrap();
    assert_eq!(path(&rules, "cafe\u{301}/x"), path(&rules, "caf\u{e9}/x"));
    assert_eq!(path(&rules, "cafe\u{301}/x"), format!("path:{REPOSITORY}//caf\u{e9} X"));
}

#[test]
fn a_path_that_cannot_be_named_is_its_nearest_folder() {
    let rules = Rules::default();
    let long = format!("a/{}", "b".repeat(2000));
    let deep = vec!["d"; 100].join("/");
    for (odd, expected) in [
        ("a/../b", format!("path:{REPOSITORY}//a IX")),
        ("a/b\u{7}/c", format!("path:{REPOSITORY}//a IX")),
        (long.as_str(), format!("path:{REPOSITORY}//a IX")),
        ("..", format!("path:{REPOSITORY} IX")),
        ("", format!("path:{REPOSITORY} IX")),
    ] {
        assert_eq!(path(&rules, odd), expected);
    }
    assert!(path(&rules, &deep).starts_with("path:github.com/acme/api//d/d/"));
    assert!(rules.for_path("..", "a").is_none());
}

#[test]
fn commands_want_what_the_rules_say() {
    let rules = rules();
    let builtin = Rules::default();
    for (command, expected) in [
        ("terraform apply -auto-approve", vec!["tfstate:github.com/acme/api/_top X"]),
        ("cd infra/prod && TF_LOG=debug terraform apply", vec!["tfstate:github.com/acme/api/infra/prod X"]),
        ("terraform -chdir=infra/prod destroy", vec!["tfstate:github.com/acme/api/infra/prod X"]),
        ("terraform plan", vec![]),
        ("terraform workspace select apply", vec![]),
        ("sudo -E sh -c 'cd infra; /usr/bin/tofu apply'", vec!["tfstate:github.com/acme/api/infra X"]),
        ("kubectl -n payments --context prod apply -f x.yaml", vec!["env:prod/payments X"]),
        ("kubectl --context=prod delete pod x --namespace=payments", vec!["env:prod/payments X"]),
        ("kubectl --context prod rollout restart deploy/x", vec!["env:prod X"]),
        ("kubectl --context prod get pods", vec![]),
        ("kubectl apply -f x.yaml", vec![]),
        ("alembic upgrade head", vec!["slot:migrations/github.com/acme/api/_top X"]),
        ("make deploy", vec![]),
        ("git push", vec![]),
        ("git push origin HEAD:main", vec!["ref:github.com/acme/api/heads/main X"]),
        ("git -C sub push -f origin +x:refs/heads/master", vec!["ref:github.com/acme/api/heads/master X"]),
        ("git push origin v1 topic", vec![]),
        ("git push --all", vec!["ref:github.com/acme/api/heads/main X", "ref:github.com/acme/api/heads/master X"]),
        ("cd $X && terraform apply", vec!["tfstate:github.com/acme/api X"]),
    ] {
        assert_eq!(wants(&builtin, command), expected, "{command}");
    }
    for (command, expected) in [
        ("make deploy", vec!["env:github.com/acme/api/s/ses_1/pool X"]),
        ("make -j 4 deploy", vec!["env:github.com/acme/api/s/ses_1/pool X"]),
        ("make test deploy", vec![]),
        ("terraform apply", vec!["tfstate:acme/_top S"]),
        ("git push origin x:release/1.2", vec!["ref:github.com/acme/api/heads/release/1.2 X"]),
        ("git push origin x:master", vec![]),
    ] {
        assert_eq!(wants(&rules, command), expected, "{command}");
    }
}

#[test]
fn commands_want_the_files_they_write() {
    let rules = Rules::default();
    let at = |path: &str, mode: &str| format!("path:{REPOSITORY}//{path} {mode}");
    for (command, expected) in [
        ("echo x > a.txt", vec![at("a.txt", "IX")]),
        ("cd db && sed -i 's/a/b/' migrations/1.sql", vec![at("db/migrations", "X")]),
        ("echo x > /tmp/a", vec![]),
        ("cat a.txt", vec![]),
        ("npm ci 2>&1 | tee log | head", vec![at("log", "IX")]),
        ("git rm Cargo.lock", vec![at("Cargo.lock", "X")]),
        ("git mv a b", vec![at("a", "IX"), at("b", "IX"), at("b/a", "IX")]),
        ("rm -rf migrations/*", vec![at("migrations", "X")]),
    ] {
        let mut expected = expected;
        expected.sort();
        assert_eq!(wants(&rules, command), expected, "{command}");
    }
}

fn shown(effects: &Effects) -> String {
    let all = effects.reads.iter().chain(&effects.writes);
    let mut text: Vec<_> =
        all.map(|touched| format!("{:?} {}", touched.how, touched.path.replace("/w/", ""))).collect();
    if effects.brings {
        text.push("brings".to_owned());
    }
    text.join(", ")
}

#[test]
fn files_are_seen_as_programs_use_them() {
    for (command, expected) in [
        ("cat a b", "Read a, Read b"),
        ("head -n 5 a; tail -20 b", "Read a, Read b"),
        ("grep -n foo a b", "Read a, Read b"),
        ("grep -e foo a", "Read a"),
        ("sed -n '1,5p' a", "Read a"),
        ("sed -i 's/x/y/' a b", "Change a, Change b"),
        ("sed -i.bak -e 's/x/y/' a", "Change a"),
        ("sed -ie 's/x/y/' a", "Change a"),
        ("sed --in-place=.b 's/x/y/' a", "Change a"),
        ("perl -pi -e 's/x/y/' a", "Change a"),
        ("perl -pe 's/x/y/' a", "Read a"),
        ("awk '{print $1}' a > b", "Read a, Overwrite b"),
        ("tee a < b", "Read b, Overwrite a"),
        ("x | tee -a a", "Change a"),
        ("cp a b", "Read a, Into b, Overwrite b/a"),
        ("cp -t d a b", "Read a, Read b, Overwrite d/a, Overwrite d/b"),
        ("mv a b", "Remove a, Below a, Into b, Overwrite b/a"),
        ("rm a; rm -rf d", "Remove a, Remove d, Below d"),
        ("touch a; truncate -s 0 b", "Change a, Overwrite b"),
        ("dd if=a of=b", "Read a, Overwrite b"),
        ("cat > a <<EOF\nx\nEOF", "Overwrite a"),
        ("F=a; echo x > $F", "Overwrite a"),
        ("echo x > $F", ""),
        ("rm d/*.rs", "Below d"),
        ("cat d/*.rs", ""),
        ("git pull --rebase", "brings"),
        ("git checkout -- a", "Change a, brings"),
        ("git restore --source x a", "Change a, brings"),
        ("git rm --cached a", ""),
        ("git log -p a", ""),
        ("prettier --write a.js", "Change a.js"),
        ("cat -", ""),
        ("python3 -c 'open(\"a\")'", ""),
    ] {
        assert_eq!(shown(&effects(&CONTEXT, command)), expected, "{command}");
    }
    let elsewhere = effects(&CONTEXT, "cd /tmp && echo > x");
    assert_eq!(elsewhere.writes[0].path, "/tmp/x");
    assert_eq!(elsewhere.writes[0].how, How::Overwrite);
}

#[test]
fn tools_are_found_by_pattern() {
    let rules = rules();
    let want = &rules.for_tool("mcp__linear__create_issue")[0];
    assert_eq!((want.resource.to_string().as_str(), want.mode), ("mcp:linear", Mode::X));
    assert!(rules.for_tool("mcp__linearx").is_empty());
    assert!(rules.for_tool("Bash").is_empty());
}

#[test]
fn repositories_say_what_their_pushes_need() {
    let rules = rules();
    let known = rules.repository(REPOSITORY).unwrap();
    assert!(known.requires_signature() && !known.requires_attribution());
    assert!(rules.is_protected(REPOSITORY, "release/2") && !rules.is_protected(REPOSITORY, "master"));
    assert!(rules.is_protected("github.com/acme/web", "master") && !rules.is_protected("github.com/acme/web", "topic"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        ("[[path", "the rules cannot be read at line 1: "),
        ("\n\n[[path]]\nmode = \"Y\"", "the rules cannot be read at line 4: "),
        ("[[paths]]\n", "the rules cannot be read at line 1: unknown field"),
        ("[[path]]\nmode = \"X\"", "the 1. `[[path]]` is wrong: it names no path"),
        ("[[path]]\nunder = [\"a/*\"]\nmode = \"X\"", "`a/*` in `under` is a glob"),
        ("[[path]]\nunder = [\"../a\"]\nmode = \"X\"", "`../a` in `under` is no path from the top folder"),
        ("[[path]]\nunder = [\"/a\"]\nmode = \"X\"", "is no path from the top folder"),
        ("[[path]]\nfiles = [\"a/b\"]\nmode = \"X\"", "`a/b` in `files` is no name"),
        ("[[path]]\nfiles = [\"\"]\nmode = \"X\"", "a name in `files` is empty"),
        ("[[command]]\nrun = \"--x\"\nresource = \"env:x\"\nmode = \"X\"", "`run` names no program"),
        ("[[command]]\nrun = \"x\"\nresource = \"env:{nope}\"\nmode = \"X\"", "`{nope}` is no place"),
        ("[[command]]\nrun = \"x\"\nresource = \"nothing\"\nmode = \"X\"", "`nothing` is no resource"),
        ("[[command]]\nrun = \"x\"\nresource = \"env:{dir\"\nmode = \"X\"", "has no `}`"),
        ("[[repository]]\nname = \"a//b\"", "`a//b` is no repository"),
        ("[[tool]]\nname = \"\"\nresource = \"mcp:x\"\nmode = \"X\"", "`name` is empty"),
    ] {
        let said = Rules::parse(text).unwrap_err().to_string();
        assert!(said.contains(expected), "{text}\n→ {said}");
    }
    let long = format!("# {}", "x".repeat(domain::limits::LOCK_RULES_BYTES_MAX));
    assert_eq!(Rules::parse(&long).unwrap_err().to_string(), "the rules have 16386 bytes, the limit is 16384");
    let none = Rules::parse("builtin = false").unwrap();
    assert_eq!(path(&none, "Cargo.lock"), format!("path:{REPOSITORY}//Cargo.lock IX"));
}

/// Texts that look like shell more often than chance would have it.
fn shell_text() -> impl Strategy<Value = String> {
    let parts = [
        "cd ",
        "a/b",
        "../",
        " ",
        ";",
        "&&",
        "|",
        "\n",
        "'",
        "\"",
        "$(",
        ")",
        "(",
        "`",
        "${",
        "}",
        "$X",
        ">",
        ">>",
        "<<",
        "EOF",
        "sed -i ",
        "git push ",
        "rm -rf ",
        "cp ",
        "mv ",
        "tee ",
        "sh -c ",
        "terraform apply",
        "kubectl --context ",
        "\\",
        "*",
        "~",
        "=",
        "é",
        "\u{0}",
        "-",
        "--",
        "&",
        "2>&1",
        "{",
        "if ",
        "then ",
    ];
    let parts: Vec<&'static str> = parts.to_vec();
    prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever a command is, it is mapped, within bounds, and to nothing outside of the working tree.
    #[test]
    fn any_command_is_mapped(command in prop_oneof![shell_text(), any::<String>()]) {
        let (wants, _) = Rules::default().for_command(&CONTEXT, &command);
        prop_assert!(wants.len() <= domain::limits::LOCK_WANTS_MAX);
        prop_assert!(wants.is_sorted());
        for want in wants {
            prop_assert!(want.resource.to_string().contains("acme/api") || want.resource.kind() == "env", "{want:?}");
        }
        for touched in effects(&CONTEXT, &command).writes {
            prop_assert!(touched.path.starts_with('/'));
            prop_assert!(!touched.path.split('/').any(|segment| matches!(segment, "." | "..")));
        }
    }

    /// A quoted word is one word whatever is in it.
    #[test]
    fn quoted_words_are_whole(word in "[^'\u{0}]{1,30}") {
        let seen = effects(&CONTEXT, &format!("cat '/x/{word}'"));
        let expected = super::folder::join("/", &format!("/x/{word}"));
        prop_assert_eq!(&seen.reads[0].path, &expected);
    }

    /// What a path needs contains the path, or is a folder above it; and it is found again by its own name.
    #[test]
    fn a_path_s_want_covers_it(segments in prop::collection::vec("[a-z.]{1,8}", 1..6)) {
        let path = segments.join("/");
        let want = Rules::default().for_path(REPOSITORY, &path).unwrap();
        if let Ok(exact) = Resource::in_repository(REPOSITORY, &path) {
            prop_assert!(want.resource.contains(&exact));
        }
    }

    /// Patterns agree with the plain definition of `*`.
    #[test]
    fn patterns_match_as_defined(pattern in "[ab*]{0,8}", name in "[ab]{0,8}") {
        fn defined(pattern: &[u8], name: &[u8]) -> bool {
            match pattern.split_first() {
                None => name.is_empty(),
                Some((b'*', rest)) => (0..=name.len()).any(|skipped| defined(rest, &name[skipped..])),
                Some((byte, rest)) => name.first() == Some(byte) && defined(rest, &name[1..]),
            }
        }
        prop_assert_eq!(super::pattern::Pattern::new(&pattern).matches(&name), defined(pattern.as_bytes(), name.as_bytes()));
    }
}
