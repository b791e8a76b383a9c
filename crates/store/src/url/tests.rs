#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use crate::{DatabaseUrl, StoreError};

fn check(text: &str, shown: &str) {
    let url: DatabaseUrl = text.parse().unwrap();
    assert_eq!(url.to_string(), shown);
    assert_eq!(format!("{url:?}"), shown);
}

#[test]
fn urls_are_read_and_shown_without_password() {
    check("sqlite:/var/lib/writ/writ.db", "sqlite:/var/lib/writ/writ.db");
    check("sqlite:///var/lib/writ/writ.db", "sqlite:/var/lib/writ/writ.db");
    check("sqlite:writ.db", "sqlite:writ.db");
    check("sqlite::memory:", "sqlite::memory:");
    check("postgres://ada:hunter2@db.example.test:5433/writ", "postgres://ada@db.example.test:5433/writ");
    check("postgresql://ada:hunter2@db.example.test/writ", "postgres://ada@db.example.test:5432/writ");
}

#[test]
fn options_hide_the_password_too() {
    let url = "postgres://ada:hunter2@db.example.test/writ".parse().unwrap();
    assert!(!format!("{:?}", crate::Options::new(url)).contains("hunter2"));
}

#[test]
fn other_texts_are_refused_without_repeating_them() {
    for text in ["", "writ.db", "sqlite:", "mysql://ada:hunter2@db/writ", "postgres://ada:hunter2@db:notaport/writ"] {
        let refused = text.parse::<DatabaseUrl>().unwrap_err();
        assert!(matches!(refused, StoreError::InvalidUrl(_)), "{text}");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
    assert!("sqlite:/writ.db?mode=ro".parse::<DatabaseUrl>().is_err());
}
