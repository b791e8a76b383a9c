#![allow(clippy::unwrap_used, clippy::panic)]
//! Golden folders: each a request, an answer and what it costs, computed by hand. A new case is text.

use std::path::Path;

use domain::{Usage, Usd};
use serde::Deserialize;

use crate::{Observed, Observer, PriceBook, RequestFacts, instant, upper_bound};

#[derive(Deserialize)]
struct Expect {
    why: String,
    at: String,
    cost_nanos: serde_json::Value,
    usage: Usage,
    quality: domain::call::Quality,
    unpriced: bool,
    model: Option<String>,
    complete: bool,
    error: Option<String>,
}

struct Case {
    name: String,
    facts: RequestFacts,
    answer: Vec<u8>,
    expect: Expect,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(folder)).collect()
}

impl Case {
    fn read(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read(folder.join(name));
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            facts: RequestFacts::scan(&read("request.json").unwrap()).unwrap(),
            answer: read("stream.sse").or_else(|_| read("body.json")).unwrap(),
            expect: serde_json::from_slice(&read("expect.json").unwrap()).unwrap(),
        }
    }

    /// Feeds the answer in pieces of the given size.
    fn observe(&self, piece: usize) -> Observed {
        let mut observer = Observer::for_content_type(None, self.facts.stream);
        self.answer.chunks(piece).for_each(|bytes| observer.feed(bytes));
        observer.finish(self.expect.complete)
    }
}

#[test]
fn every_case_costs_what_it_says() {
    let book = PriceBook::builtin();
    let cases = cases();
    assert!(cases.len() >= 50, "only {} cases found", cases.len());
    for case in cases {
        let Case { name, facts, expect, .. } = &case;
        let why = &expect.why;
        let at = instant::parse(&expect.at).unwrap();
        let hold = upper_bound(&book, at, facts);
        let settled = case.observe(usize::MAX).settle(&book, at, facts, hold);
        let cost = expect.cost_nanos.as_i64().map_or(hold, Usd::from_nanos);
        assert_eq!((settled.cost, settled.list), (cost, cost), "{name}: {why}");
        assert_eq!(settled.usage, expect.usage, "{name}: {why}");
        assert_eq!((settled.quality, settled.unpriced), (expect.quality, expect.unpriced), "{name}: {why}");
        assert_eq!(settled.model, expect.model, "{name}: {why}");
        assert_eq!((settled.complete, &settled.error), (expect.complete, &expect.error), "{name}: {why}");
        assert_eq!(settled.book, book.version(), "{name}: {why}");
    }
}

#[test]
fn every_case_is_the_same_in_every_split() {
    for case in cases() {
        let whole = case.observe(usize::MAX);
        for piece in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(case.observe(piece), whole, "{} in pieces of {piece}", case.name);
        }
    }
}
