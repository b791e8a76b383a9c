use std::collections::BTreeSet;
use std::sync::Mutex;

use domain::{SessionId, Time};

use super::{Ask, Leases, Lessor, Ticket};
use crate::client::{ClientError, Problem};
use crate::workspace::Owner;

/// A stand-in for the control plane's locks: who asks first has it.
#[derive(Default)]
struct Held {
    resources: Mutex<BTreeSet<String>>,
    refuses: Option<(u16, &'static str)>,
}

impl Lessor for Held {
    async fn lease(&self, ask: &Ask) -> Result<Ticket, ClientError> {
        if let Some((status, code)) = self.refuses {
            return Err(refused(status, code));
        }
        let mut held = self.resources.lock().unwrap();
        assert!(ask.wants.len() <= 64);
        let free: Vec<_> = ask.wants.iter().filter(|want| !held.contains(&want.resource)).cloned().collect();
        let granted = match ask.any {
            true => free.into_iter().take(1).collect(),
            false if free.len() == ask.wants.len() => free,
            false => Vec::new(),
        };
        if granted.is_empty() {
            return Err(refused(409, "lock_held"));
        }
        held.extend(granted.iter().map(|want| want.resource.clone()));
        Ok(Ticket { state: "held".to_owned(), tokens: granted, ..Ticket::default() })
    }
}

fn refused(status: u16, code: &str) -> ClientError {
    let problem = serde_json::json!({ "status": status, "code": code, "title": code, "detail": "so it is" });
    ClientError::Refused(Box::new(serde_json::from_value::<Problem>(problem).unwrap()))
}

async fn take(held: &Held, number: u128) -> Leases {
    let owner = Owner::from(SessionId::new(Time::from_unix_millis(1), number));
    Leases::take(held, "0123456789abcdef", ("checkout", &owner), (&[], |_| true)).await
}

#[tokio::test]
async fn every_workspace_has_ports_of_its_own_until_there_are_none() {
    let held = Held::default();
    let mut bases = BTreeSet::new();
    for number in 0..128 {
        let leases = take(&held, number).await;
        assert_eq!(leases.notes, Vec::<String>::new());
        assert!(bases.insert(leases.port_base.unwrap()), "{leases:?}");
    }
    let leases = take(&held, 128).await;
    assert_eq!(leases.notes, ["no ports are leased: all blocks of this machine are taken"]);
    let names: Vec<_> = leases.variables().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["WRIT_DATABASE", "COMPOSE_PROJECT_NAME"]);
}

#[tokio::test]
async fn variables_and_resources_say_the_same() {
    let held = Held::default();
    let leases = take(&held, 7).await;
    let base = leases.port_base.unwrap();
    let expected = [
        ("WRIT_PORT_BASE", base.to_string()),
        ("WRIT_PORT_COUNT", "20".to_owned()),
        ("WRIT_DATABASE", "checkout_00000007".to_owned()),
        ("COMPOSE_PROJECT_NAME", "checkout-00000007".to_owned()),
    ];
    assert_eq!(leases.variables(), expected);
    let held = held.resources.lock().unwrap();
    let expected = [
        "compose:0123456789abcdef/checkout-00000007".to_owned(),
        "db:0123456789abcdef/checkout_00000007".to_owned(),
        format!("port:0123456789abcdef/{base}-{}", base + 19),
    ];
    assert_eq!(held.iter().cloned().collect::<Vec<_>>(), expected);
    assert!(held.iter().all(|resource| resource.parse::<domain::Resource>().is_ok()));
}

#[tokio::test]
async fn the_ports_of_a_session_around_are_not_taken() {
    let owner = Owner::from(SessionId::new(Time::from_unix_millis(1), 7));
    let first = take(&Held::default(), 7).await.port_base().unwrap();
    let leases = Leases::take(&Held::default(), "m", ("checkout", &owner), (&[first], |_| true)).await;
    assert_ne!(leases.port_base(), Some(first));
}

#[tokio::test]
async fn a_control_plane_that_refuses_or_knows_no_locks_is_said_once() {
    let held = Held { refuses: Some((404, "not_found")), ..Held::default() };
    assert_eq!(take(&held, 1).await.notes, ["no ports are leased: this control plane has no locks"]);
    let held = Held { refuses: Some((403, "session_over")), ..Held::default() };
    let leases = take(&held, 1).await;
    assert_eq!((leases.notes.len(), leases.port_base), (2, None), "{:?}", leases.notes);
    assert!(leases.notes[0].starts_with("no ports are leased: so it is"), "{:?}", leases.notes);
}
