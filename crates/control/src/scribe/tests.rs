//! Sign-in names are no part of state: that each has one holder is decided in the transaction.

use std::sync::Arc;

use domain::developer::{Erase, Register};
use domain::team::Create;
use domain::{Command, DeveloperId, Digest, Refusal, Role, Roles, TeamId, Time};
use store::{Attachment, Options, Person, Store};

use super::{Failure, Proposal, Scribe};
use crate::seam::Clock;
use crate::view::{Folded, View};

async fn store() -> Store {
    Store::open(&Options::new("sqlite::memory:".parse().unwrap())).await.unwrap()
}

/// A node of its own: it knows only what it reads.
fn node(store: &Store) -> Scribe {
    node_with_view(store).0
}

fn node_with_view(store: &Store) -> (Scribe, Arc<View>) {
    let clock = Arc::new(Clock::System);
    let (node, view) = (clock.node_id(), Arc::new(View::new(Folded::default())));
    (Scribe::start(store.clone(), Arc::clone(&view), clock, node), view)
}

/// A store that is this process's alone, so that the scribe goes ahead.
async fn store_in_a_file() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("writ.db").display());
    (Store::open(&Options::new(url.parse().unwrap())).await.unwrap(), folder)
}

/// Names no person, so that it need not be asked in the transaction who has a name.
fn create_team(number: u128) -> Proposal {
    let name = format!("team{number}").parse().unwrap();
    let team = TeamId::new(Time::from_unix_millis(1), number);
    Proposal::from(Command::CreateTeam(Create { team, name }))
}

fn developer(number: u128) -> DeveloperId {
    DeveloperId::new(Time::from_unix_millis(1), number)
}

fn register(number: u128, login: &str) -> Proposal {
    let developer = developer(number);
    let roles = Roles::from([Role::Admin]);
    let command = Command::RegisterDeveloper(Register { developer, identity: Digest::of(login.as_bytes()), roles });
    let login = Digest::of(login.as_bytes());
    let person = Person { developer, login, sealed: vec![1], password_hash: "hash".to_owned() };
    Proposal { attachments: vec![Attachment::Person(person)], ..Proposal::from(command) }
}

fn is_taken<T>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Refused(Refusal::LoginTaken)))
}

#[tokio::test]
async fn a_name_in_one_batch_goes_to_the_first_and_nobody_else_fails() {
    let store = store().await;
    let scribe = node(&store);
    // All are in the queue before the scribe's task runs: one transaction.
    let asked = [register(1, "ada"), register(2, "grace"), register(3, "grace"), register(4, "lin")];
    let answers: Vec<_> = asked.into_iter().map(|asked| scribe.submit(asked).unwrap()).collect();
    let mut taken = Vec::new();
    for answer in answers {
        let answer = answer.await.unwrap();
        taken.push(is_taken(&answer));
        assert!(answer.is_ok() || is_taken(&answer), "{answer:?}");
    }
    assert_eq!(taken, [false, false, true, false]);
    assert_eq!(scribe.health().commits.load(std::sync::atomic::Ordering::Relaxed), 1);
    let entries = store.entries(None, 10).await.unwrap();
    assert_eq!(entries.len(), 3, "the refused one wrote nothing");
    let holder = store.person_by_login(&Digest::of(b"grace")).await.unwrap().unwrap();
    assert_eq!(holder.developer, developer(2));
}

#[tokio::test]
async fn a_name_that_another_node_gave_away_is_taken() {
    let store = store().await;
    let (a, b) = (node(&store), node(&store));
    a.propose(register(1, "grace")).await.unwrap();
    assert!(is_taken(&b.propose(register(2, "grace")).await));
    b.propose(register(3, "ada")).await.unwrap();
    assert!(is_taken(&a.propose(register(4, "ada")).await));
}

#[tokio::test]
async fn the_name_of_an_erased_developer_is_free_again() {
    let store = store().await;
    let (a, b) = (node(&store), node(&store));
    a.propose(register(1, "ada")).await.unwrap();
    a.propose(register(2, "grace")).await.unwrap();
    b.propose(Command::EraseDeveloper(Erase { developer: developer(2) })).await.unwrap();
    assert_eq!(store.person(developer(2)).await.unwrap(), None);
    a.propose(register(3, "grace")).await.unwrap();
    assert!(matches!(b.propose(register(2, "eve")).await, Err(Failure::Refused(Refusal::IdTaken))));
}

#[tokio::test]
async fn what_goes_ahead_is_told_in_the_order_of_the_log() {
    let (store, _folder) = store_in_a_file().await;
    let (scribe, view) = node_with_view(&store);
    scribe.propose(register(1, "ada")).await.unwrap();
    let mut told = Vec::new();
    for round in 0..20 {
        let asked: Vec<_> = (0..5).map(|number| scribe.submit(create_team(round * 5 + number + 1)).unwrap()).collect();
        // Some are on their way while the next are decided.
        tokio::task::yield_now().await;
        told.extend(asked);
    }
    for (answer, position) in told.into_iter().zip(1..) {
        let receipt = answer.await.unwrap().unwrap();
        assert_eq!(receipt.position, position);
        assert!(view.next() > position, "who is answered finds it in the view");
    }
    let taken = scribe.propose(create_team(7)).await.unwrap_err();
    assert!(matches!(taken, Failure::Refused(_)), "{taken}");
    assert_eq!(store.entries(None, 1000).await.unwrap().len(), 101);
}

/// Whatever was decided on a log that ends elsewhere is not done, and what is there is found the next time.
#[tokio::test]
async fn a_stranger_s_entry_fails_those_on_their_way_and_nothing_else() {
    let (store, _folder) = store_in_a_file().await;
    let (scribe, view) = node_with_view(&store);
    let (stranger, _) = node_with_view(&store);
    scribe.propose(register(1, "ada")).await.unwrap();
    stranger.propose(create_team(1)).await.unwrap();
    let asked: Vec<_> = (2..5).map(|number| scribe.submit(create_team(number)).unwrap()).collect();
    for answer in asked {
        let failed = answer.await.unwrap().unwrap_err();
        assert!(matches!(&failed, Failure::Unavailable(why) if why.contains("does not end where")), "{failed}");
    }
    assert_eq!(view.next(), 1, "nothing of it was told");
    assert_eq!(scribe.propose(create_team(2)).await.unwrap().position, 2);
    assert_eq!(view.next(), 3);
}
