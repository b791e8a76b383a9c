use domain::{CredentialId, DeveloperId, ProjectId, Scope, SessionId, Time};

use super::*;

pub(in crate::postgres) fn order(developer: &str, project: &str) -> Order {
    let at = Time::from_unix_millis(1_790_000_000_000);
    Order {
        credential: CredentialId::new(at, 1),
        session: SessionId::new(at, 2),
        sequence: 7,
        developer: DeveloperId::new(at, 3),
        developer_name: developer.to_owned(),
        project: ProjectId::new(at, 4),
        project_name: project.parse().unwrap(),
        profile: "dev".parse().unwrap(),
        target: "app".parse().unwrap(),
        scope: Scope::default(),
        at,
        expires_at: Time::from_unix_millis(1_790_000_300_000),
        public_key: None,
    }
}

fn check(developer: &str, project: &str, expected: &str) {
    assert_eq!(name(&order(developer, project)), format!("s_01m3250v000000000000000002_7_{expected}"));
}

#[test]
fn the_name_says_who_and_for_what() {
    check("grace", "payments", "grace_payments");
    check("Grace.Hopper@corp.example", "payments", "grace_hopper_corp_examp_payments");
    check("grace", "a-very-long-project-of-which-not-all-fits", "grace_a_very_long_project_of_whi");
    check("grace.hopper.of.the.navy", "a-very-long-project-of-which-not-all-fits", "grace_hopper_o_a_very_long_proje");
}

#[test]
fn no_name_breaks_out() {
    check("\"; drop role x; --", "p", "___drop_role_x_____p");
    check("a\nb\0c", "p", "a_b_c_p");
    check("Åsa🦀", "p", "_sa__p");
    check("", "p", "_p");
}

#[test]
fn the_name_fits_whatever_the_number() {
    let long = Order { sequence: u64::MAX, ..order(&"x".repeat(300), &"y".repeat(64)) };
    assert!(name(&long).len() <= IDENTIFIER_BYTES_MAX, "{}", name(&long));
    assert!(name(&long).starts_with(&prefix(long.session, u64::MAX)));
}

#[test]
fn statements_hold_any_text() {
    assert_eq!(quoted("a\"b\0"), "\"a\"\"b\"");
    assert_eq!(literal("it's"), "'it''s'");
    assert_eq!(literal("\\'"), " E'\\\\'''");
}
