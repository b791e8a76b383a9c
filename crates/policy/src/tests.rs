#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::developer::Developer;
use domain::{Actor, DeveloperId, Role, SessionId, State, Time};
use proptest::prelude::*;

use super::*;

const NOBODY: u128 = 99;

fn id(number: u128) -> DeveloperId {
    DeveloperId::new(Time::from_unix_millis(0), number)
}

fn person(roles: &[Role], disabled: bool) -> Developer {
    Developer { erased_at: None, roles: roles.iter().copied().collect(), disabled }
}

fn state(people: impl IntoIterator<Item = Developer>) -> State {
    let developers = (1..).map(id).zip(people).collect();
    State { developers, ..State::default() }
}

/// Member ada (1), member ben (2), approver (3), auditor (4), admin (5), and an admin who is disabled (6).
fn team() -> State {
    state([
        person(&[Role::Member], false),
        person(&[Role::Member], false),
        person(&[Role::Approver], false),
        person(&[Role::Auditor], false),
        person(&[Role::Admin], false),
        person(&[Role::Admin, Role::Auditor, Role::Member], true),
    ])
}

/// The code of the answer; `ok` for a permit.
fn answer<A: Action>(state: &State, by: Actor, action: A) -> &'static str {
    match authorize(state, by, action) {
        Ok(_) => "ok",
        Err(denial) => denial.code(),
    }
}

/// The answers to every action, in the order of the table below. Where an action is about somebody, it is about `of`.
fn answers(state: &State, by: Actor, of: u128) -> [&'static str; 13] {
    let of = id(of);
    [
        answer(state, by, ReadSessions { of: Some(of) }),
        answer(state, by, ReadSessions { of: None }),
        answer(state, by, ReadSession { developer: of }),
        answer(state, by, ReadCost { of: Some(of) }),
        answer(state, by, ReadCost { of: None }),
        answer(state, by, ReadLog),
        answer(state, by, ReadPeople),
        answer(state, by, ReadKeys),
        answer(state, by, RevokeSession { developer: of }),
        answer(state, by, ManagePeople),
        answer(state, by, ManageProjects),
        answer(state, by, ManageExports),
        answer(state, by, ManageKeys),
    ]
}

#[test]
fn the_table() {
    const OK: &str = "ok";
    const NO: &str = "forbidden";
    let developer = |number| Actor::Developer(id(number));
    let cases = [
        //                           sessions  all  one  cost  all  log people keys revoke manage all four
        ("own", developer(1), 1, [OK, NO, OK, OK, NO, NO, NO, NO, OK, NO, NO, NO, NO]),
        ("another member's", developer(1), 2, [NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO]),
        ("approver's own", developer(3), 3, [OK, NO, OK, OK, NO, NO, NO, NO, OK, NO, NO, NO, NO]),
        ("approver, a member's", developer(3), 1, [NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO]),
        ("auditor, a member's", developer(4), 1, [OK, OK, OK, OK, OK, OK, OK, OK, NO, NO, NO, NO, NO]),
        ("auditor's own", developer(4), 4, [OK, OK, OK, OK, OK, OK, OK, OK, OK, NO, NO, NO, NO]),
        ("admin, a member's", developer(5), 1, [OK; 13]),
        ("admin, nobody's", developer(5), NOBODY, [OK; 13]),
        ("writ itself", Actor::System, 1, [OK; 13]),
        ("bootstrap token", Actor::Bootstrap, 1, [NO; 13]),
        ("a session", Actor::Session(SessionId::new(Time::default(), 1)), 1, [NO; 13]),
        ("disabled admin's own", developer(6), 6, ["developer_disabled"; 13]),
        ("unknown", developer(NOBODY), NOBODY, ["developer_unknown"; 13]),
    ];
    for (case, by, of, expected) in cases {
        assert_eq!(answers(&team(), by, of), expected, "{case}");
    }
}

#[test]
fn a_permit_says_what_and_to_whom() {
    let by = Actor::Developer(id(1));
    let permit = authorize(&team(), by, ReadCost { of: Some(id(1)) }).unwrap();
    assert_eq!((permit.action(), permit.by()), (&ReadCost { of: Some(id(1)) }, by));
}

#[test]
fn a_denial_says_why_and_what_next() {
    let ada = Actor::Developer(id(1));
    let denied = authorize(&team(), ada, ReadLog).unwrap_err();
    assert_eq!(denied.to_string(), "you may not read the log: this needs the role `auditor`");
    assert_eq!(denied.next(), Some("ask an administrator for the role `auditor`"));
    let denied = authorize(&team(), ada, RevokeSession { developer: id(2) }).unwrap_err();
    assert_eq!(denied.text(), "you may not revoke this session: it is not yours, and you do not have the role `admin`");
    assert_eq!(denied.next(), Some("ask for your own, or ask an administrator for the role `admin`"));
    let agent = Actor::Session(SessionId::new(Time::default(), 1));
    let denied = authorize(&team(), agent, ReadLog).unwrap_err();
    assert_eq!(denied.text(), "only a signed-in developer may read the log");
}

fn any_person() -> impl Strategy<Value = Developer> {
    let role = prop::sample::select(vec![Role::Member, Role::Approver, Role::Auditor, Role::Admin]);
    (prop::collection::vec(role, 0..4), any::<bool>()).prop_map(|(roles, disabled)| person(&roles, disabled))
}

proptest! {
    #[test]
    fn disabled_developers_get_nothing(people in prop::collection::vec(any_person(), 1..8), of in 1_u128..9) {
        let state = state(people);
        for (&developer, _) in state.developers.iter().filter(|(_, known)| known.disabled) {
            prop_assert_eq!(answers(&state, Actor::Developer(developer), of), ["developer_disabled"; 13]);
        }
    }

    #[test]
    fn more_roles_never_mean_less(people in prop::collection::vec(any_person(), 1..8), of in 1_u128..9) {
        let before = state(people);
        let mut after = before.clone();
        after.developers.values_mut().for_each(|developer| { developer.roles.insert(Role::Admin); });
        for &developer in before.developers.keys() {
            let (less, more) = (
                answers(&before, Actor::Developer(developer), of),
                answers(&after, Actor::Developer(developer), of),
            );
            prop_assert!(less.iter().zip(more).all(|(less, more)| *less != "ok" || more == "ok"));
        }
    }
}
