//! Persons: found by sign-in name and by developer, erased with their entry, and moved out of the clear.

use domain::developer::Erased;
use domain::{Event, Span};

use super::support::{NOW, TestDatabase, Writer, append, developer, login, on_each_engine, registered};
use crate::migrate::{MIGRATIONS, migrate};
use crate::person::plain::PlainPerson;
use crate::pool::Pool;
use crate::value::Value;
use crate::{Attachment, Options, Person, Store, StoreError};

fn person(number: u64, login_name: &str) -> Person {
    Person {
        developer: developer(number),
        login: login(login_name),
        sealed: vec![0, 255, u8::try_from(number).unwrap()],
        password_hash: "$argon2id$secret".to_owned(),
    }
}

#[tokio::test]
async fn persons_are_found_by_login_and_by_developer() {
    on_each_engine(async |store| {
        let (ada, bob) = (person(1, "ada"), person(2, "bob"));
        let entries = Writer::default().entries(NOW, [registered(1), registered(2)]);
        append(store, &entries, &[Attachment::Person(ada.clone()), Attachment::Person(bob.clone())]).await;

        assert_eq!(store.person_by_login(&login("ada")).await.unwrap(), Some(ada.clone()));
        assert_eq!(store.person_by_login(&login("eve")).await.unwrap(), None);
        assert_eq!(store.person(developer(2)).await.unwrap(), Some(bob.clone()));
        assert_eq!(store.person(developer(3)).await.unwrap(), None);
        assert_eq!(store.persons(None, 10).await.unwrap(), [ada.clone(), bob.clone()]);
        assert_eq!(store.persons(None, 1).await.unwrap(), std::slice::from_ref(&ada));
        assert_eq!(store.persons(Some(developer(1)), 10).await.unwrap(), [bob]);
        let shown = format!("{ada:?}");
        assert!(!shown.contains("argon2") && !shown.contains(&login("ada").to_string()), "{shown}");

        let renamed = Person { sealed: vec![7], ..ada };
        append(store, &[], &[Attachment::Person(renamed.clone())]).await;
        assert_eq!(store.person(developer(1)).await.unwrap(), Some(renamed));
    })
    .await;
}

#[tokio::test]
async fn a_taken_name_is_seen_inside_an_append() {
    on_each_engine(async |store| {
        append(store, &Writer::default().entries(NOW, [registered(1)]), &[Attachment::Person(person(1, "ada"))]).await;
        let mut open = store.begin_append().await.unwrap();
        assert_eq!(open.login_holder(&login("ada")).await.unwrap(), Some(developer(1)));
        assert_eq!(open.login_holder(&login("bob")).await.unwrap(), None);
        open.insert(&[], &[Attachment::Person(person(2, "bob"))]).await.unwrap();
        assert_eq!(open.login_holder(&login("bob")).await.unwrap(), Some(developer(2)), "of the same transaction, too");
        drop(open);
        // What the caller must ask first: the database keeps the promise in any case.
        let mut open = store.begin_append().await.unwrap();
        let refused = open.insert(&[], &[Attachment::Person(person(3, "ada"))]).await;
        assert!(refused.is_err());
    })
    .await;
}

#[tokio::test]
async fn an_erased_person_goes_in_the_transaction_of_the_entry() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let both = [Attachment::Person(person(1, "ada")), Attachment::Person(person(2, "bob"))];
        append(store, &writer.entries(NOW, [registered(1), registered(2)]), &both).await;
        let later = NOW + Span::from_secs(60);
        writer.append(store, later, [Event::DeveloperErased(Erased { developer: developer(1) })]).await;
        assert_eq!(store.person(developer(1)).await.unwrap(), None);
        assert_eq!(store.person_by_login(&login("ada")).await.unwrap(), None);
        assert_eq!(store.persons(None, 10).await.unwrap(), [person(2, "bob")]);
        let rows = store.fetch("SELECT disabled, erased_at FROM developers ORDER BY id", Vec::new()).await.unwrap();
        assert_eq!((rows[0].bool(0).unwrap(), rows[0].time_or_null(1).unwrap()), (true, Some(later)));
        assert_eq!((rows[1].bool(0).unwrap(), rows[1].time_or_null(1).unwrap()), (false, None));
        store.checkpoint().await.unwrap();

        // The name is free again, in the very next transaction; and who comes and goes in one leaves nothing.
        append(store, &writer.entries(later, [registered(3)]), &[Attachment::Person(person(3, "ada"))]).await;
        assert_eq!(store.person_by_login(&login("ada")).await.unwrap(), Some(person(3, "ada")));
        let gone = [registered(4), Event::DeveloperErased(Erased { developer: developer(4) })];
        append(store, &writer.entries(later, gone), &[Attachment::Person(person(4, "eve"))]).await;
        assert_eq!(store.person(developer(4)).await.unwrap(), None);
    })
    .await;
}

const GRACE: &str = "grace-hopper-xyz";

/// A database as the first version left it, with somebody in the clear.
async fn first_version(database: &TestDatabase) {
    let pool = Pool::open(&Options::new(database.url())).await.unwrap();
    migrate(&pool, &MIGRATIONS[..1]).await.unwrap();
    let store = Store { pool: std::sync::Arc::new(pool) };
    for (sql, values) in [
        (
            "INSERT INTO developers (id, login, roles, disabled) VALUES ($1, $2, 'admin member', 1)",
            vec![Value::text(developer(1)), (&login(GRACE)).into()],
        ),
        (
            "INSERT INTO people (developer, display_name, login_name, password_hash) VALUES ($1, $2, $3, 'hash')",
            vec![Value::text(developer(1)), Value::text(GRACE), Value::text(GRACE)],
        ),
    ] {
        store.execute(sql, values).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn persons_of_the_first_version_are_moved_once_and_scrubbed() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await].into_iter().flatten() {
        first_version(&database).await;
        let store = database.open().await;
        let rows = store.fetch("SELECT id, roles, disabled, erased_at FROM developers", Vec::new()).await.unwrap();
        assert_eq!(rows[0].parse::<domain::DeveloperId>(0).unwrap(), developer(1));
        assert_eq!((rows[0].text(1).unwrap().as_str(), rows[0].bool(2).unwrap()), ("admin member", true));
        assert_eq!(rows[0].time_or_null(3).unwrap(), None);

        let plain = store.plain_people(10).await.unwrap();
        let expected = PlainPerson {
            developer: developer(1),
            display_name: GRACE.to_owned(),
            login_name: GRACE.to_owned(),
            password_hash: "hash".to_owned(),
        };
        assert!(plain == [expected]);
        let sealed = [person(1, GRACE), person(2, "nobody in the clear")];
        store.seal_plain_people(&sealed).await.unwrap();
        store.seal_plain_people(&sealed).await.unwrap();
        assert!(store.plain_people(10).await.unwrap().is_empty());
        assert_eq!(store.persons(None, 10).await.unwrap(), [person(1, GRACE)]);
        store.scrub().await.unwrap();
        if let TestDatabase::Sqlite(folder) = &database {
            assert_nowhere(folder.path(), &[GRACE.as_bytes(), b"hash\0"]);
        }
        store.close().await;
    }
}

/// No file of the folder holds any of these.
fn assert_nowhere(folder: &std::path::Path, texts: &[&[u8]]) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for text in texts {
            let found = bytes.windows(text.len()).any(|window| window == *text);
            assert!(!found, "{} holds `{}`", path.display(), String::from_utf8_lossy(text));
        }
    }
}

#[tokio::test]
async fn a_deleted_row_is_in_no_free_page_and_in_no_write_ahead_log() -> Result<(), StoreError> {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let TestDatabase::Sqlite(folder) = &database else { unreachable!() };
    let mut writer = Writer::default();
    let sealed = Person { sealed: GRACE.as_bytes().repeat(1_000), ..person(1, "ada") };
    append(&store, &writer.entries(NOW, [registered(1)]), &[Attachment::Person(sealed)]).await;
    store.checkpoint().await?;
    let on_disk = std::fs::read(folder.path().join("writ.db")).unwrap();
    assert!(on_disk.windows(GRACE.len()).any(|window| window == GRACE.as_bytes()), "the test can fail");
    writer.append(&store, NOW, [Event::DeveloperErased(Erased { developer: developer(1) })]).await;
    store.checkpoint().await?;
    assert_nowhere(folder.path(), &[GRACE.as_bytes()]);
    store.close().await;
    Ok(())
}
