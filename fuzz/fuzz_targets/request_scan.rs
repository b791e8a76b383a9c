//! A request body of strangers' bytes: what is accepted has a model, a true span, and a bound that grows with the ask.
#![no_main]

use domain::{Time, Usd};
use libfuzzer_sys::fuzz_target;
use metering::{PriceBook, RequestFacts, upper_bound};

fuzz_target!(|body: &[u8]| {
    let Ok(facts) = RequestFacts::scan(body) else {
        return;
    };
    assert!(!facts.model.is_empty() && facts.prompt_bytes == body.len());
    assert_eq!(facts.max_tokens.is_some(), facts.max_tokens_span.is_some());
    if let (Some(tokens), Some(span)) = (facts.max_tokens, facts.max_tokens_span.clone()) {
        let text = std::str::from_utf8(&body[span]).expect("a number is ASCII");
        assert_eq!(text.parse(), Ok(tokens));
    }
    let at = Time::from_unix_millis(1_795_000_000_000);
    thread_local!(static BOOK: PriceBook = PriceBook::builtin());
    BOOK.with(|book| {
        let bound = upper_bound(book, at, &facts);
        let none = RequestFacts {
            max_tokens: Some(0),
            ..facts
        };
        assert!(bound >= upper_bound(book, at, &none) && bound > Usd::ZERO);
    });
});
