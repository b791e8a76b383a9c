//! A writ whose clock is off, at a gateway whose clock is right.

use brokers::broker::{Fault, Revocation};
use control::seam::Clock;
use domain::Time;

use super::direct::{direct, order};
use super::rgw::{Key, Rgw};
use crate::support::run;

#[test]
fn ten_minutes_do_not_matter_and_half_an_hour_is_told() {
    run(async {
        let rgw = Rgw::start();
        let role = rgw.role(&Rgw::trust_admin());
        let (bucket, broker) = (rgw.bucket(), direct(&rgw, &role));
        let off = |minutes: i64| Time::from_unix_millis(Clock::System.now().unix_millis() + minutes * 60_000);
        for (number, minutes) in [(1, -10), (2, 10)] {
            let order = order(off(minutes), number);
            let minted = broker.mint(&order, off(minutes)).await.unwrap();
            let field = |name: &str| minted.secret.field(name).unwrap().to_owned();
            let key = Key {
                id: field("access_key_id"),
                secret: field("secret_access_key"),
                token: Some(field("session_token")),
            };
            assert!(rgw.may_read(&key, &bucket, "grace/one"), "{minutes} minutes off");
            assert_eq!(broker.revoke(&order, off(minutes)).await, Ok(Revocation::Dead));
            assert!(!rgw.may_read(&key, &bucket, "grace/one"), "{minutes} minutes off, and alive");
        }
        for (number, minutes) in [(3, -30), (4, 30)] {
            let order = order(off(minutes), number);
            for error in [
                broker.mint(&order, off(minutes)).await.unwrap_err(),
                broker.revoke(&order, off(minutes)).await.unwrap_err(),
            ] {
                assert_eq!(error.fault, Fault::Operator, "{error:?}");
                assert!(error.text.contains("the clocks of writ and of AWS"), "{error:?}");
            }
        }
    });
}
