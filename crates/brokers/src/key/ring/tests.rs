#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::KeyStanding::{Active, Next, Retired};
use super::*;
use crate::SigningAlgorithm;

const START: Time = Time::from_unix_millis(1_795_377_600_000);
const HOUR: Span = Span::from_secs(3600);
const DAY: Span = Span::from_secs(86_400);
const WEEK: Span = Span::from_secs(7 * 86_400);

fn key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256).unwrap()
}

fn standings(ring: &KeyRing, now: Time) -> Vec<KeyStanding> {
    ring.published(now).map(|key| key.standing).collect()
}

fn signer(ring: &KeyRing, now: Time) -> String {
    ring.signer(now).unwrap().0.kid().to_owned()
}

fn stored(ring: &KeyRing) -> KeyRing {
    KeyRing::from_bytes(&ring.to_bytes().unwrap()).unwrap()
}

#[test]
fn two_rotations_from_beginning_to_end() {
    let first = key();
    let one = first.kid().to_owned();
    let mut ring = KeyRing::new(first, START).unwrap();
    assert_eq!((standings(&ring, START), signer(&ring, START)), (vec![Active], one.clone()));

    let second = key();
    let two = second.kid().to_owned();
    let rotated = START + HOUR;
    ring.add(second, rotated, rotated + DAY).unwrap();
    assert_eq!((standings(&ring, rotated), signer(&ring, rotated)), (vec![Active, Next], one.clone()));
    let changes = rotated + DAY;
    let before = changes - Span::from_millis(1);
    assert_eq!((signer(&ring, before), signer(&ring, changes)), (one.clone(), two.clone()));
    assert_eq!(standings(&ring, changes), [Retired, Active]);

    let third = key();
    let three = third.kid().to_owned();
    ring.add(third, changes, changes + DAY).unwrap();
    assert_eq!(standings(&ring, changes), [Retired, Active, Next]);
    let changes_again = changes + DAY;
    assert_eq!(signer(&ring, changes_again), three);

    // The first key is published until what it signed last is over, and not longer.
    let over = changes + PUBLISHED_AFTER_USE;
    assert!(over > changes + WEEK);
    assert!(ring.find(&one, over - Span::from_millis(1)).is_some());
    assert!(ring.find(&one, over).is_none());
    assert_eq!(standings(&ring, over), [Retired, Active]);
    ring.tidy(over);
    assert_eq!(ring.keys.len(), 2);
    let all_over = changes_again + PUBLISHED_AFTER_USE;
    ring.tidy(all_over);
    assert_eq!((standings(&ring, all_over), signer(&ring, all_over)), (vec![Active], three));
    assert_eq!(ring.published(all_over).next().unwrap().published_until, None);
}

/// Ceph's RGW reads the first key and no other.
#[test]
fn the_key_that_signs_comes_first_in_the_key_set() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    let mut now = START;
    for _ in 0..3 {
        ring.add(key(), now, now + HOUR).unwrap();
        for moment in [now, now + HOUR - Span::from_millis(1), now + HOUR] {
            let set = ring.jwks(moment, true);
            assert_eq!(set["keys"][0]["kid"], signer(&ring, moment));
            assert_eq!(set["keys"].as_array().unwrap().len(), ring.published(moment).count());
        }
        now = now + HOUR;
    }
}

#[test]
fn processes_that_share_a_ring_agree_without_a_word() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    ring.add(key(), START, START + DAY).unwrap();
    let other = stored(&ring);
    for now in [START, START + HOUR, START + DAY, START + WEEK] {
        assert_eq!(signer(&ring, now), signer(&other, now));
        assert_eq!(ring.jwks(now, true), other.jwks(now, true));
    }
}

#[test]
fn there_is_one_next_key_at_a_time() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    assert!(!ring.hasten(START, START), "there is none to hasten");
    let next = key();
    let kid = next.kid().to_owned();
    ring.add(next, START, START + DAY).unwrap();
    let refused = ring.add(key(), START + HOUR, START + WEEK).unwrap_err();
    assert_eq!(refused, RingError::UnderWay { kid: kid.clone(), signs_from: START + DAY });
    // It may sign earlier, but not later.
    assert!(ring.hasten(START, START + WEEK));
    assert_ne!(signer(&ring, START + HOUR), kid);
    assert!(ring.hasten(START, START + HOUR));
    assert_eq!(signer(&ring, START + HOUR), kid);
}

#[test]
fn private_halves_are_destroyed_once_the_next_key_signs_everywhere() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    ring.add(key(), START, START + DAY).unwrap();
    let changes = START + DAY;
    assert!(!ring.tidy(changes + CLOCKS_APART_MAX - Span::from_millis(1)));
    assert!(ring.tidy(changes + CLOCKS_APART_MAX));
    assert!(!ring.tidy(changes + CLOCKS_APART_MAX), "once is enough");
    assert!(ring.keys[0].private.is_none() && ring.keys[1].private.is_some());
    let again = stored(&ring);
    assert_eq!(again.jwks(changes, true), ring.jwks(changes, true), "it is still published");
    let text = String::from_utf8(ring.to_bytes().unwrap().to_vec()).unwrap();
    assert_eq!(text.matches("pkcs8").count(), 1);
    assert!(text.len() <= STORED_CAPACITY, "{}", text.len());
}

const STORED_CAPACITY: usize = KEYS_MAX * 4 * crate::PKCS8_BYTES_MAX;

#[test]
fn the_keys_of_a_ring_are_bounded() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    let mut now = START;
    for _ in 1..KEYS_MAX {
        ring.add(key(), now, now + HOUR).unwrap();
        now = now + HOUR;
    }
    assert_eq!(ring.published(now).count(), KEYS_MAX);
    let until = START + HOUR + PUBLISHED_AFTER_USE;
    assert_eq!(ring.add(key(), now, now + HOUR), Err(RingError::TooMany { until: Some(until) }));
    ring.add(key(), until, until + HOUR).unwrap();
}

#[test]
fn a_leaked_key_is_gone_at_once() {
    let mut ring = KeyRing::new(key(), START).unwrap();
    ring.add(key(), START, START + DAY).unwrap();
    let fresh = key();
    let kid = fresh.kid().to_owned();
    ring.replace_all(fresh, START + HOUR).unwrap();
    assert_eq!(standings(&ring, START + HOUR), [Active]);
    assert_eq!(signer(&ring, START + HOUR), kid);
}

#[test]
fn a_clock_that_was_set_back_still_has_a_signer() {
    let ring = KeyRing::new(key(), START).unwrap();
    assert_eq!(standings(&ring, START - DAY), [Active]);
    assert!(ring.signer(START - DAY).is_some());
}

#[test]
fn rings_of_both_algorithms_survive_being_stored_and_nothing_else_is_one() {
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        let mut ring = KeyRing::new(SigningKey::generate(algorithm).unwrap(), START).unwrap();
        ring.add(SigningKey::generate(algorithm).unwrap(), START, START + DAY).unwrap();
        let again = stored(&ring);
        assert_eq!(again.jwks(START, true), ring.jwks(START, true));
        assert_eq!(signer(&again, START + DAY), signer(&ring, START + DAY));
    }
    let whole = KeyRing::new(key(), START).unwrap().to_bytes().unwrap();
    let text = String::from_utf8(whole.to_vec()).unwrap();
    let other = KeyRing::new(key(), START).unwrap();
    let swapped = {
        let mine: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut theirs: serde_json::Value = serde_json::from_slice(&other.to_bytes().unwrap()).unwrap();
        theirs["keys"][0]["pkcs8"] = mine["keys"][0]["pkcs8"].clone();
        theirs.to_string()
    };
    for bad in [
        "",
        "{}",
        r#"{"version":1,"keys":[]}"#,
        &text.replace("\"version\":1", "\"version\":2"),
        &text.replace("\"made_at\"", "\"made_on\""),
        &text[..text.len() - 1],
        &swapped,
        &"x".repeat(STORED_CAPACITY + 1),
    ] {
        assert_eq!(KeyRing::from_bytes(bad.as_bytes()).unwrap_err(), RingError::Damaged);
    }
    assert!(!format!("{other:?}").contains("pkcs8"), "{other:?}");
}
