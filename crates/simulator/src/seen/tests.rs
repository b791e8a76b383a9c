#![allow(clippy::unwrap_used)]
use super::*;

fn head() -> Parts {
    hyper::Request::new(()).into_parts().0
}

#[test]
fn the_oldest_requests_are_forgotten_first() {
    let memory = Memory::default();
    for number in 0..SEEN_REQUESTS_MAX + 3 {
        memory.add(&number.to_string(), &head(), &Bytes::new());
    }
    let all = memory.all();
    assert_eq!(all.len(), SEEN_REQUESTS_MAX);
    assert_eq!(all[0].request_id, "3");
}

#[test]
fn bodies_stay_within_their_bounds() {
    let memory = Memory::default();
    let mebibyte = Bytes::from(vec![b'x'; SEEN_BODY_BYTES_MAX]);
    let fits = SEEN_BODIES_BYTES_MAX / SEEN_BODY_BYTES_MAX;
    for _ in 0..fits + 2 {
        memory.add("r", &head(), &mebibyte);
    }
    let all = memory.all();
    assert_eq!(all.len(), fits + 2, "records outlive their bodies");
    assert_eq!(all.iter().filter(|seen| seen.body.is_some()).count(), fits);
    assert!(all[0].body.is_none() && all[1].body.is_none());
    assert_eq!(all[0].body_len, SEEN_BODY_BYTES_MAX);

    memory.add("big", &head(), &vec![b'x'; SEEN_BODY_BYTES_MAX + 1].into());
    assert!(memory.all().last().unwrap().body.is_none());
}

#[test]
fn the_first_word_about_the_end_counts() {
    let progress = Progress::default();
    assert_eq!(progress.delivery(), Delivery::Open);
    progress.end(Delivery::Cut);
    progress.end(Delivery::Left);
    assert_eq!(progress.delivery(), Delivery::Cut);
}
