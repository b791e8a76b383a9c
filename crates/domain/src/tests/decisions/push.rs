use super::house::*;
use crate::freeze::Ask;
use crate::lock::{Acquire, Break, Choice, Holder, Mode, Patience, Priority, Release, Want, Wants};
use crate::push::{Check, Kind, Paths, Proof, Update, Why, own_refs};
use crate::session::End;
use crate::tests::run::Run;
use crate::{Actor, Command, Digest, Event, Refusal, Resource, TicketId, limits};

const REPOSITORY: &str = "github.com/acme/api";
const ZERO: &str = "0000000000000000000000000000000000000000";
const A: &str = "8a5cbf62656e130fc6c441a8347b64890a3dbde8";

fn tkt(n: u128) -> TicketId {
    TicketId::new(MORNING, n)
}

fn path(path: &str) -> Resource {
    Resource::in_repository(REPOSITORY, path).unwrap()
}

/// A house with three sessions of one human, and a child of the first.
fn house() -> Run {
    let mut run = Run::furnished();
    for n in 0..3 {
        run.ok(bob(), &opening(open(n)));
    }
    run.ok(Actor::Session(ses(0)), &opening(child(3, 0)));
    run
}

fn lock(run: &mut Run, by: Actor, ticket: u128, resource: &Resource, mode: Mode) -> u64 {
    let acquire = Acquire {
        ticket: tkt(ticket),
        wants: Wants::new([Want::new(resource.clone(), mode)]).unwrap(),
        choice: Choice::All,
        patience: Patience::None,
        priority: Priority::Normal,
        intent: None,
    };
    run.ok(by, &Command::AcquireLock(Box::new(acquire)));
    run.state.locks.tickets[&tkt(ticket)].phase.token().unwrap()
}

fn agent(n: u128) -> Actor {
    Actor::Session(ses(n))
}

fn own(n: u128) -> Update {
    moved(&format!("{}fix", own_refs(ses(n))), Kind::Create)
}

fn moved(name: &str, kind: Kind) -> Update {
    let (old, new) = match kind {
        Kind::Create => (ZERO, A),
        Kind::Delete => (A, ZERO),
        Kind::Update | Kind::Force => (A, A),
    };
    let protected = matches!(name, "refs/heads/main");
    Update { name: name.to_owned(), old: old.to_owned(), new: new.to_owned(), kind, protected }
}

fn push(n: u128, paths: &[&str]) -> Check {
    let mut touched: Vec<Resource> = paths.iter().map(|text| path(text)).collect();
    touched.sort();
    Check {
        session: ses(n),
        claimed: None,
        proof: Proof::Token,
        gate: Some("git".to_owned()),
        repository: REPOSITORY.to_owned(),
        updates: vec![own(n)],
        paths: Paths { count: touched.len() as u64, digest: Digest::of(b"paths") },
        touched,
        whole: Vec::new(),
        needs: Vec::new(),
        tokens: Vec::new(),
        commits: 1,
        flaw: None,
    }
}

fn outcome(run: &mut Run, check: &Check) -> Result<Vec<TicketId>, Why> {
    match run.ok(Actor::System, &Command::CheckPush(Box::new(check.clone()))).as_slice() {
        [Event::PushAdmitted(admitted)] => Ok(admitted.locks.clone()),
        [Event::PushRefused(refused)] => Err(refused.why.clone()),
        other => panic!("{other:?}"),
    }
}

fn code(run: &mut Run, check: &Check) -> &'static str {
    outcome(run, check).map_or_else(|why| why.code(), |_| "admitted")
}

#[test]
fn a_session_moves_its_own_refs_and_those_of_its_family() {
    let mut run = house();
    for (name, expected) in [
        (format!("refs/heads/s/{}/fix", ses(0)), "admitted"),
        (format!("refs/heads/s/{}", ses(0)), "admitted"),
        (format!("refs/tags/s/{}/v1", ses(0)), "admitted"),
        (format!("refs/writ/keep/{}", ses(0)), "admitted"),
        (format!("refs/heads/s/{}/fix", ses(3)), "admitted"),
        (format!("refs/heads/s/{}/fix", ses(1)), "push_ref_foreign"),
        (format!("refs/heads/s/{}x/fix", ses(0)), "push_ref_foreign"),
        (format!("refs/writ/keep/{}", ses(1)), "push_ref_foreign"),
        ("refs/writ/anything".to_owned(), "push_ref_foreign"),
        ("refs/heads/s/somebody".to_owned(), "push_ref_foreign"),
        ("refs/heads/topic".to_owned(), "push_ref_foreign"),
        ("refs/tags/v1".to_owned(), "push_ref_foreign"),
        ("refs/heads/main".to_owned(), "push_ref_protected"),
    ] {
        let check = Check { updates: vec![moved(&name, Kind::Update)], ..push(0, &[]) };
        assert_eq!(code(&mut run, &check), expected, "{name}");
    }
    // The child moves what its parent may move.
    let check = Check { updates: vec![own(0)], ..push(3, &[]) };
    assert_eq!(code(&mut run, &check), "admitted");
    // One bad ref is enough.
    let check = Check { updates: vec![own(0), own(1)], ..push(0, &[]) };
    assert_eq!(outcome(&mut run, &check), Err(Why::RefForeign { name: own(1).name }));
}

#[test]
fn other_refs_move_while_they_are_held_and_protected_ones_only_forward() {
    let mut run = house();
    let main = Resource::repository_ref(REPOSITORY, "refs/heads/main").unwrap();
    let token = lock(&mut run, agent(0), 0, &main, Mode::X);
    let check = |kind, tokens: &[u64]| Check {
        updates: vec![moved("refs/heads/main", kind)],
        tokens: tokens.to_vec(),
        ..push(0, &["a"])
    };
    assert_eq!(outcome(&mut run, &check(Kind::Update, &[token])), Ok(vec![tkt(0)]));
    assert_eq!(code(&mut run, &check(Kind::Force, &[token])), "push_ref_protected");
    assert_eq!(code(&mut run, &check(Kind::Delete, &[token])), "push_ref_protected");
    let missing = Why::TokenMissing { resource: main.clone(), token };
    assert_eq!(outcome(&mut run, &check(Kind::Update, &[])), Err(missing));
    assert_eq!(code(&mut run, &Check { session: ses(1), ..check(Kind::Update, &[]) }), "push_ref_protected");
    // Whoever may close a repository closes it for branches of their own too.
    let heads = Resource::repository_ref(REPOSITORY, "refs/heads/s").unwrap();
    lock(&mut run, ada(), 1, &heads, Mode::X);
    assert_eq!(code(&mut run, &push(1, &[])), "push_path_locked");
    let kept = moved(&format!("refs/writ/keep/{}", ses(1)), Kind::Create);
    assert_eq!(code(&mut run, &Check { updates: vec![kept], ..push(1, &[]) }), "admitted", "work is rescued always");
}

#[test]
fn another_s_lock_keeps_a_path_out_at_and_above_it() {
    for (held, mode, touched, expected) in [
        ("infra/prod", Mode::X, &["a", "infra/prod/b"][..], "push_path_locked"),
        ("infra/prod", Mode::X, &["infra/prod"], "push_path_locked"),
        ("", Mode::X, &["a"], "push_path_locked"),
        ("infra/prod", Mode::S, &["infra/prod/b"], "push_path_locked"),
        ("infra/prod", Mode::SIX, &["infra/prod/b"], "push_path_locked"),
        // Components are compared, not letters.
        ("infra/prod", Mode::X, &["infra/prod2/b", "infra/prod-b", "infra/prod.tf"], "admitted"),
        ("infra/prod", Mode::X, &["infra", "infra/pro/d"], "admitted"),
        // Who means to change it together with others, or only watches, keeps nobody out.
        ("infra/prod/b", Mode::IX, &["infra/prod/b"], "admitted"),
        ("infra/prod/b", Mode::N, &["infra/prod/b"], "admitted"),
        // Both spellings are one path.
        ("cafe\u{301}", Mode::X, &["caf\u{e9}"], "push_path_locked"),
    ] {
        let mut run = house();
        lock(&mut run, agent(1), 0, &path(held), mode);
        assert_eq!(code(&mut run, &push(0, touched)), expected, "{held} {mode} {touched:?}");
        assert_eq!(code(&mut run, &push(1, touched)), "admitted", "its holder: {held}");
    }
}

#[test]
fn the_refusal_names_who_is_in_the_way() {
    let mut run = house();
    lock(&mut run, ada(), 0, &path("infra/prod"), Mode::X);
    let why = outcome(&mut run, &push(0, &["a", "infra/prod/b", "z"])).unwrap_err();
    let expected = Why::PathLocked {
        resource: path("infra/prod/b"),
        ticket: tkt(0),
        holder: Holder::Developer(dev(0)),
        held: path("infra/prod"),
        mode: Mode::X,
    };
    assert_eq!(why, expected);
}

#[test]
fn a_family_s_locks_keep_none_of_it_out() {
    let mut run = house();
    lock(&mut run, agent(3), 0, &path("infra"), Mode::X);
    assert_eq!(code(&mut run, &push(0, &["infra/b"])), "admitted");
}

#[test]
fn a_submodule_is_changed_whole() {
    let mut run = house();
    lock(&mut run, agent(1), 0, &path("vendor/lib/deep"), Mode::IX);
    assert_eq!(code(&mut run, &push(0, &["vendor/lib"])), "admitted");
    let check = Check { whole: vec![path("vendor/lib")], ..push(0, &["vendor/lib"]) };
    assert_eq!(code(&mut run, &check), "push_path_locked");
}

#[test]
fn what_the_rules_ask_for_must_be_held_and_its_token_named() {
    let mut run = house();
    let need = Want::new(path("migrations"), Mode::X);
    let check =
        |tokens: &[u64]| Check { needs: vec![need.clone()], tokens: tokens.to_vec(), ..push(0, &["migrations/1.sql"]) };
    assert_eq!(outcome(&mut run, &check(&[])), Err(Why::LockMissing { resource: path("migrations") }));
    let token = lock(&mut run, agent(0), 0, &path("migrations"), Mode::X);
    assert_eq!(outcome(&mut run, &check(&[])), Err(Why::TokenMissing { resource: path("migrations"), token }));
    assert_eq!(outcome(&mut run, &check(&[token])), Ok(vec![tkt(0)]));
    // Above it is as good, and so is a parent's.
    assert_eq!(outcome(&mut run, &Check { session: ses(3), ..check(&[token]) }), Ok(vec![tkt(0)]));
}

#[test]
fn an_old_token_refuses_the_push_whatever_it_touches() {
    let mut run = house();
    let old = lock(&mut run, agent(0), 0, &path("migrations"), Mode::X);
    run.ok(agent(0), &Command::ReleaseLock(Release { ticket: tkt(0), token: Some(old) }));
    let check = |tokens: &[u64]| Check { tokens: tokens.to_vec(), ..push(0, &["a"]) };
    assert_eq!(outcome(&mut run, &check(&[old])), Err(Why::TokenStale { token: old }));
    // Held again, by the same session: under another token.
    let new = lock(&mut run, agent(0), 1, &path("migrations"), Mode::X);
    assert_eq!(outcome(&mut run, &check(&[old, new])), Err(Why::TokenStale { token: old }));
    assert_eq!(code(&mut run, &check(&[new])), "admitted");
    // Another's token is none of one's own.
    assert_eq!(outcome(&mut run, &Check { tokens: vec![new], ..push(1, &["a"]) }), Err(Why::TokenStale { token: new }));
    // A human took it away.
    let breaking = Break { ticket: tkt(1), reason: "gone home".to_owned(), revoke: false };
    run.ok(ada(), &Command::BreakLock(breaking));
    assert_eq!(outcome(&mut run, &check(&[new])), Err(Why::TokenStale { token: new }));
}

#[test]
fn what_is_frozen_stays_as_it_is() {
    let mut run = house();
    let ask = Ask { resource: path("config/app.toml"), reason: "they undo each other".to_owned() };
    run.ok(ada(), &Command::FreezeResource(Box::new(ask)));
    let frozen = Err(Why::Frozen { resource: path("config/app.toml") });
    assert_eq!(outcome(&mut run, &push(0, &["config/app.toml"])), frozen);
    assert_eq!(code(&mut run, &push(0, &["config/app.toml2", "config/app"])), "admitted");
    let check = Check { whole: vec![path("config")], ..push(0, &["config"]) };
    assert_eq!(outcome(&mut run, &check), frozen);
}

#[test]
fn a_push_is_of_the_session_that_is_proved() {
    let mut run = house();
    let claims = |n| Check { claimed: Some(ses(n)), ..push(0, &[]) };
    assert_eq!(code(&mut run, &claims(0)), "admitted");
    assert_eq!(code(&mut run, &claims(3)), "admitted");
    assert_eq!(outcome(&mut run, &claims(1)), Err(Why::SessionForeign { claimed: ses(1) }));
    let check = Command::CheckPush(Box::new(push(0, &[])));
    assert!(matches!(run.refused(agent(1), &check), Refusal::Forbidden { .. }));
    assert!(matches!(run.refused(ada(), &check), Refusal::Forbidden { .. }));
    run.ok(agent(0), &check);
    run.ok(bob(), &Command::EndSession(End { session: ses(0), exit_code: None }));
    assert!(matches!(run.refused(Actor::System, &check), Refusal::SessionOver { .. }));
}

#[test]
fn commits_have_what_the_rules_ask_of_them() {
    let mut run = house();
    let flaw = Why::Unattributed { commit: A.to_owned() };
    assert_eq!(code(&mut run, &Check { flaw: Some(flaw), ..push(0, &[]) }), "push_unattributed");
    let flaw = Why::Unsigned { commit: A.to_owned(), because: "it is not signed".to_owned() };
    assert_eq!(code(&mut run, &Check { flaw: Some(flaw), ..push(0, &[]) }), "push_unsigned");
}

#[test]
fn what_a_push_relies_on_stays_until_it_has_arrived() {
    let mut run = house();
    let token = lock(&mut run, agent(0), 0, &path("migrations"), Mode::X);
    let need = Want::new(path("migrations"), Mode::X);
    let check = Check { needs: vec![need], tokens: vec![token], ..push(0, &["migrations/1.sql"]) };
    outcome(&mut run, &check).unwrap();
    let breaking = Command::BreakLock(Break { ticket: tkt(0), reason: "now".to_owned(), revoke: false });
    assert!(matches!(run.refused(ada(), &breaking), Refusal::LockPinned { .. }));
    run.wait(limits::LOCK_PIN_MAX);
    run.ok(ada(), &breaking);
    assert_eq!(code(&mut run, &check), "push_token_stale", "and then it is gone");
}

#[test]
fn a_push_is_bounded() {
    let run = house();
    let refused = |check: Check| run.refused(Actor::System, &Command::CheckPush(Box::new(check))).code();
    let many = |count: usize, name: &str| (0..count).map(|_| moved(name, Kind::Create)).collect::<Vec<_>>();
    assert_eq!(refused(Check { updates: Vec::new(), ..push(0, &[]) }), "text_malformed");
    assert_eq!(
        refused(Check { updates: many(limits::PUSH_UPDATES_MAX + 1, "refs/heads/x"), ..push(0, &[]) }),
        "limit_reached"
    );
    let long = format!("refs/heads/{}", "x".repeat(limits::PUSH_REF_BYTES_MAX / 2));
    assert_eq!(refused(Check { updates: many(2, &long), ..push(0, &[]) }), "limit_reached");
    assert_eq!(refused(Check { tokens: vec![1; limits::PUSH_TOKENS_MAX + 1], ..push(0, &[]) }), "limit_reached");
    let touched = vec![path("a"); limits::PUSH_PATHS_MAX + 1];
    assert_eq!(refused(Check { touched, ..push(0, &[]) }), "limit_reached");
}
