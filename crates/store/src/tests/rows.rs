//! What is not made from entries: snapshots, beats, secrets; and the rows of developers, teams and projects.

use domain::developer::{Disabled, RolesSet};
use domain::{CredentialId, Event, NodeId, Role, Span};

use super::lawful::Scribe;
use super::support::{NOW, Writer, developer, on_each_engine, open, registered, session};
use crate::{CredentialFilter, CredentialRow, Snapshot};

fn snapshot(format: i64, next: u64) -> Snapshot {
    Snapshot { format, next, state: vec![0, 255, u8::try_from(next).unwrap()] }
}

#[tokio::test]
async fn the_newest_two_snapshots_of_a_format_are_kept() {
    on_each_engine(async |store| {
        assert_eq!(store.latest_snapshot(1).await.unwrap(), None);
        for next in [5, 9, 7, 11] {
            store.save_snapshot(&snapshot(1, next)).await.unwrap();
        }
        assert_eq!(store.latest_snapshot(1).await.unwrap(), Some(snapshot(1, 11)));
        assert_eq!(store.latest_snapshot(2).await.unwrap(), None);
        let kept = store.fetch("SELECT next FROM snapshots WHERE format = 1 ORDER BY next", Vec::new()).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|row| row.int(0).unwrap()).collect();
        assert_eq!(kept, [9, 11]);

        let again = Snapshot { state: vec![42], ..snapshot(1, 11) };
        store.save_snapshot(&again).await.unwrap();
        assert_eq!(store.latest_snapshot(1).await.unwrap(), Some(again));

        // What an older writ kept in its state may be what this one keeps no more.
        store.save_snapshot(&snapshot(2, 3)).await.unwrap();
        assert_eq!(store.latest_snapshot(2).await.unwrap(), Some(snapshot(2, 3)));
        assert_eq!(store.latest_snapshot(1).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn beats_of_live_sessions_never_run_backwards() {
    on_each_engine(async |store| {
        let second = Span::from_secs(1);
        Writer::default().append(store, NOW, [open(1, 1), open(2, 1)]).await;
        store.beat(session(1), NOW + second).await.unwrap();
        store.beat(session(1), NOW).await.unwrap();
        store.beat(session(2), NOW).await.unwrap();
        store.beat(session(3), NOW).await.unwrap();
        let beats = [(session(2), NOW), (session(1), NOW + second)];
        assert_eq!(store.last_beats(10).await.unwrap(), beats);
        assert_eq!(store.last_beats(1).await.unwrap(), beats[..1]);
        store.forget_beat(session(2)).await.unwrap();
        assert_eq!(store.last_beats(10).await.unwrap(), beats[1..]);
    })
    .await;
}

#[tokio::test]
async fn nodes_beat_until_forgotten() {
    on_each_engine(async |store| {
        let (one, two) = (NodeId::new(NOW, 1), NodeId::new(NOW, 2));
        let later = NOW + Span::from_secs(1);
        store.node_beat(one, NOW, "1.0").await.unwrap();
        store.node_beat(two, NOW, "1.0").await.unwrap();
        store.node_beat(one, later, "1.1").await.unwrap();
        assert_eq!(store.node_beats().await.unwrap(), [(two, NOW), (one, later)]);
        store.forget_node(two).await.unwrap();
        assert_eq!(store.node_beats().await.unwrap(), [(one, later)]);
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_set_once() {
    on_each_engine(async |store| {
        assert_eq!(store.get_secret("key").await.unwrap(), None);
        let racing = (0..8_u8).map(|value| {
            let store = store.clone();
            tokio::spawn(async move { store.put_secret_if_absent("key", &[value, 0]).await.unwrap() })
        });
        let racing: Vec<_> = racing.collect();
        let mut winners = Vec::new();
        for race in racing {
            winners.push(race.await.unwrap());
        }
        winners.dedup();
        assert_eq!(winners.len(), 1);
        assert_eq!(store.get_secret("key").await.unwrap().as_ref(), winners.first());
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_swapped_by_one_of_many() {
    on_each_engine(async |store| {
        assert!(!store.swap_secret("key", &[], &[1]).await.unwrap(), "there is none");
        store.put_secret_if_absent("key", &[0]).await.unwrap();
        store.put_secret_if_absent("another", &[0]).await.unwrap();
        let racing: Vec<_> = (1..=8_u8)
            .map(|value| {
                let store = store.clone();
                tokio::spawn(async move { store.swap_secret("key", &[0], &[value]).await.unwrap() })
            })
            .collect();
        let mut swapped = Vec::new();
        for (race, value) in racing.into_iter().zip(1..) {
            if race.await.unwrap() {
                swapped.push(value);
            }
        }
        assert_eq!(swapped.len(), 1, "{swapped:?}");
        assert_eq!(store.get_secret("key").await.unwrap(), Some(swapped));
        assert_eq!(store.get_secret("another").await.unwrap(), Some(vec![0]));
        assert_eq!(store.secret_names().await.unwrap(), ["another", "key"]);
    })
    .await;
}

#[tokio::test]
async fn developers_teams_and_projects_have_rows() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        let (team, project) = (domain::TeamId::new(NOW, 1), domain::ProjectId::new(NOW, 1));
        let events = [
            registered(1),
            Event::DeveloperRolesSet(RolesSet {
                developer: developer(1),
                roles: [Role::Auditor, Role::Member].into_iter().collect(),
            }),
            Event::DeveloperDisabled(Disabled { developer: developer(1), reason: "left".to_owned() }),
            Event::TeamCreated(domain::team::Created { team, name: super::support::name("core") }),
            Event::ProjectCreated(domain::project::Created {
                project,
                name: super::support::name("rocket"),
                teams: [team].into_iter().collect(),
            }),
        ];
        writer.append(store, NOW, events).await;
        let sql = "SELECT developers.roles, developers.disabled, teams.name, projects.name
            FROM developers, teams, projects";
        let rows = store.fetch(sql, Vec::new()).await.unwrap();
        let row = rows.first().unwrap();
        assert_eq!(row.text(0).unwrap(), "member auditor");
        assert!(row.bool(1).unwrap());
        assert_eq!((row.text(2).unwrap().as_str(), row.text(3).unwrap().as_str()), ("core", "rocket"));
    })
    .await;
}

#[tokio::test]
async fn credentials_are_read_by_their_ids_in_one_read() {
    on_each_engine(async |store| {
        Scribe::work(store, 6, 0).await;
        let all = store.credentials(&CredentialFilter { limit: 100, ..CredentialFilter::default() }).await.unwrap();
        assert_eq!(all.len(), 6);
        let (dead, alive): (Vec<_>, Vec<_>) = all.iter().partition(|row| row.over_at.is_some());
        let unknown = CredentialId::new(NOW, 77);
        let among = vec![alive[1].id, unknown, dead[0].id, alive[0].id];
        let filter = CredentialFilter { among, limit: 100, ..CredentialFilter::default() };
        let ids = |rows: Vec<CredentialRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let mut named = [alive[1].id, dead[0].id, alive[0].id];
        named.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(ids(store.credentials(&filter).await.unwrap()), named, "newest first");
        let filter = CredentialFilter { alive_only: true, ..filter };
        assert_eq!(ids(store.credentials(&filter).await.unwrap()), [alive[0].id, alive[1].id]);
        let many = (0..1000).map(|number| CredentialId::new(NOW, 1000 + number)).chain([alive[0].id]).collect();
        let filter = CredentialFilter { among: many, ..filter };
        assert_eq!(ids(store.credentials(&filter).await.unwrap()), [], "the bound leaves out what comes after it");
    })
    .await;
}
