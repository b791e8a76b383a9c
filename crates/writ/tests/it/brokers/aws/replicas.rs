//! Two processes end credentials of one role at the same time. Each has a broker of its own, as two replicas have; Ceph
//! replaces the whole role with every write, so that naive ones lose two in five.

use brokers::broker::Revocation;
use control::seam::Clock;

use super::direct::{direct, order};
use super::rgw::Rgw;
use crate::support::{run, within};

const ROUNDS: u64 = 6;

#[test]
fn two_replicas_lose_nothing_of_each_other() {
    run(async {
        let rgw = Rgw::start();
        let role = rgw.role(&Rgw::trust_admin());
        let replicas = [direct(&rgw, &role), direct(&rgw, &role)];
        let now = Clock::System.now();
        for round in 0..ROUNDS {
            let ending = replicas.iter().zip(0..).map(|(replica, index)| {
                let (replica, order) = (replica.clone(), order(now, 2 * round + index));
                tokio::spawn(async move { replica.revoke(&order, now).await })
            });
            for ended in ending.collect::<Vec<_>>() {
                let ended = within("a credential to be ended", ended).await.unwrap();
                assert_eq!(ended, Ok(Revocation::Dead), "round {round}");
            }
        }
        let said = rgw.denied(&role);
        for number in 0..2 * ROUNDS {
            let session = order(now, number).session.to_string();
            assert!(said.contains(&session), "the deny of credential {number} is lost: {said}");
        }
    });
}
