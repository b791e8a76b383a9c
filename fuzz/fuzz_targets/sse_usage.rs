//! A stream of strangers' bytes: never a panic, the same result in every split, and a price that is never negative.
#![no_main]

use domain::{Time, Usd};
use libfuzzer_sys::fuzz_target;
use metering::{Observer, PriceBook, RequestFacts};

fuzz_target!(|input: &[u8]| {
    // The first byte chooses the split, the rest is the stream.
    let Some((&piece, stream)) = input.split_first() else {
        return;
    };
    let observe = |piece: usize| {
        let mut observer = Observer::for_content_type(Some("text/event-stream"), true);
        stream.chunks(piece).for_each(|bytes| observer.feed(bytes));
        observer.finish(true)
    };
    let whole = observe(stream.len().max(1));
    assert_eq!(whole, observe(usize::from(piece).max(1)));
    let facts = RequestFacts {
        model: "claude-opus-5-5".to_owned(),
        ..RequestFacts::default()
    };
    let at = Time::from_unix_millis(1_795_000_000_000);
    thread_local!(static BOOK: PriceBook = PriceBook::builtin());
    let settled = BOOK.with(|book| whole.settle(book, at, &facts, Usd::from_nanos(1)));
    assert!(settled.cost >= Usd::ZERO && settled.cost == settled.list);
});
