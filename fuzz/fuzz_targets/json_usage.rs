//! A JSON answer of strangers' bytes: never a panic, and a price that is never negative.
#![no_main]

use domain::{Time, Usd};
use libfuzzer_sys::fuzz_target;
use metering::{Observer, PriceBook, RequestFacts};

fuzz_target!(|body: &[u8]| {
    let mut observer = Observer::for_content_type(Some("application/json"), false);
    observer.feed(body);
    let observed = observer.finish(true);
    assert!(!(observed.complete && observed.lost));
    let facts = RequestFacts {
        model: "claude-opus-5-5".to_owned(),
        ..RequestFacts::default()
    };
    let at = Time::from_unix_millis(1_795_000_000_000);
    thread_local!(static BOOK: PriceBook = PriceBook::builtin());
    let settled = BOOK.with(|book| observed.settle(book, at, &facts, Usd::from_nanos(1)));
    assert!(settled.cost >= Usd::ZERO && settled.cost == settled.list);
});
