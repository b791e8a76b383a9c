#![allow(clippy::unwrap_used)]

use domain::Time;

use super::*;

const REPOSITORY: &str = "github.com/acme/api";
const AUTHORITY: &str = "SHA256:ours";

fn session() -> SessionId {
    SessionId::new(Time::from_unix_millis(1_790_000_000_000), 1)
}

fn asked(paths: &[&str]) -> Asked {
    Asked {
        identity: Identity::WebServer(session()),
        gate: Some("git".to_owned()),
        claimed: None,
        repository: REPOSITORY.to_owned(),
        updates: Vec::new(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        submodules: Vec::new(),
        tokens: Vec::new(),
        commits: Vec::new(),
        commit_count: 0,
    }
}

fn checked(rules: &str, asked: Asked) -> Result<Check, Error> {
    let rules = Rules::parse(rules).unwrap();
    command(session(), &[session().to_string()], AUTHORITY, &rules, asked)
}

fn names(resources: &[Resource]) -> Vec<String> {
    resources.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_touched_is_the_path_and_what_is_needed_is_what_the_rule_is_about() {
    let rules = "[[path]]\nunder = [\"infra/prod\"]\nmode = \"X\"\n";
    let check = checked(rules, asked(&["infra/prod/b", "infra/prod/a", "infra/prod2/c", "src/main.rs"])).unwrap();
    let path = |path: &str| format!("path:{REPOSITORY}//{path}");
    let mut touched = ["infra/prod/a", "infra/prod/b", "infra/prod2/c", "src/main.rs"].map(path);
    touched.sort();
    let mut found = names(&check.touched);
    found.sort();
    assert_eq!(found, touched);
    assert!(check.touched.is_sorted());
    let needs: Vec<String> = check.needs.iter().map(|want| format!("{} {}", want.resource, want.mode)).collect();
    assert_eq!(needs, [format!("{} X", path("infra/prod"))]);
    assert_eq!(check.paths.count, 4);
}

#[test]
fn odd_paths_are_the_nearest_folder_that_has_a_name() {
    let long = format!("deep/{}", "x".repeat(2000));
    let check = checked("", asked(&["a/new\nline", "quo\"te'", "cafe\u{301}", &long, "\u{7}"])).unwrap();
    let mut found = names(&check.touched);
    found.sort();
    let mut expected = ["a", "deep", "quo\"te'", "caf\u{e9}"].map(|path| format!("path:{REPOSITORY}//{path}")).to_vec();
    expected.push(format!("path:{REPOSITORY}"));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn where_case_does_not_count_it_does_not_here() {
    let rules = format!("[[repository]]\nname = \"{REPOSITORY}\"\ncase = \"fold\"\n");
    let check = checked(&rules, asked(&["Infra/Prod", "infra/prod"])).unwrap();
    assert_eq!(names(&check.touched), [format!("path:{REPOSITORY}//infra/prod")]);
    let exact = checked("", asked(&["Infra/Prod", "infra/prod"])).unwrap();
    assert_eq!(exact.touched.len(), 2);
}

#[test]
fn a_repository_that_no_lock_can_name_is_refused() {
    let asked = Asked { repository: "..".to_owned(), ..asked(&["a"]) };
    assert!(matches!(checked("", asked), Err(Error::Invalid(_))));
}

#[test]
fn protected_branches_are_the_rules() {
    let moved = |name: &str| Update {
        name: name.to_owned(),
        old: "0".repeat(40),
        new: "1".repeat(40),
        kind: domain::push::Kind::Create,
        protected: false,
    };
    let updates = ["refs/heads/main", "refs/heads/topic", "refs/tags/main", "refs/heads/release/2"].map(moved).to_vec();
    let protected = |rules: &str| {
        let check = checked(rules, Asked { updates: updates.clone(), ..asked(&[]) }).unwrap();
        check.updates.iter().map(|update| update.protected).collect::<Vec<_>>()
    };
    assert_eq!(protected(""), [true, false, false, false]);
    let rules = format!("[[repository]]\nname = \"{REPOSITORY}\"\nprotected = [\"release/*\"]\n");
    assert_eq!(protected(&rules), [false, false, false, true]);
}

#[test]
fn commits_are_looked_at_where_the_rules_ask() {
    let signed = |session: SessionId, authority: &str| {
        Ok(Signed { session: session.to_string(), authority: authority.to_owned() })
    };
    let other = SessionId::new(Time::from_unix_millis(1_790_000_000_000), 2);
    let commit = |sessions: &[SessionId], signature| Commit {
        id: "1".repeat(40),
        sessions: sessions.iter().map(ToString::to_string).collect(),
        signature,
    };
    let flaw = |asks: &str, commits: Vec<Commit>| {
        let rules = format!("[[repository]]\nname = \"{REPOSITORY}\"\n{asks} = \"required\"\n");
        let commit_count = commits.len() as u64;
        checked(&rules, Asked { commits, commit_count, ..asked(&[]) }).unwrap().flaw
    };
    let bare = || commit(&[], Err("the commit is not signed".to_owned()));
    assert_eq!(checked("", Asked { commits: vec![bare()], commit_count: 1, ..asked(&[]) }).unwrap().flaw, None);
    assert!(matches!(flaw("attribution", vec![bare()]), Some(Why::Unattributed { .. })));
    assert!(matches!(flaw("attribution", vec![commit(&[other], Err(String::new()))]), Some(Why::Unattributed { .. })));
    assert_eq!(flaw("attribution", vec![commit(&[other, session()], Err(String::new()))]), None);
    assert_eq!(flaw("signature", vec![commit(&[], signed(session(), AUTHORITY))]), None);
    for (signature, because) in [
        (signed(session(), "SHA256:theirs"), "not from this control plane"),
        (signed(other, AUTHORITY), "signed by session"),
        (Err("the commit is not signed".to_owned()), "not signed"),
    ] {
        let found = flaw("signature", vec![commit(&[], signature)]);
        assert!(matches!(&found, Some(Why::Unsigned { because: said, .. }) if said.contains(because)), "{found:?}");
    }
    // More commits than are told could hide one.
    let rules = format!("[[repository]]\nname = \"{REPOSITORY}\"\nattribution = \"required\"\n");
    let asked = Asked { commits: Vec::new(), commit_count: 3000, ..asked(&[]) };
    assert!(matches!(checked(&rules, asked), Err(Error::Invalid(_))));
}
