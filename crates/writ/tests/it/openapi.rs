//! What clients and operators build on is checked in: the OpenAPI document, the codes of errors. A stale page fails here;
//! `WRIT_REGENERATE=1` writes it anew.

use std::path::Path;

use crate::support::{Writ, run};

/// How to make the pages anew.
const REGENERATE: &str = "WRIT_REGENERATE=1 cargo nextest run -p writ -E 'test(/^openapi::/)'";

#[test]
fn the_document_is_current() {
    let document = control::http::openapi_document().unwrap();
    is_current("docs/reference/openapi.json", &format!("{document}\n"));
}

#[test]
fn the_served_document_is_the_same() {
    run(async {
        let writ = Writ::start().await;
        let served = writ.anonymous().get("/openapi.json").await;
        assert_eq!(served.header("content-type"), "application/json");
        assert_eq!(served.text(), control::http::openapi_document().unwrap());
    });
}

#[test]
fn the_page_of_error_codes_is_current() {
    let mut page = String::from(
        "# Error codes\n\n<!-- made by the tests from the code; change the code, not this page -->\n\n\
         Errors of the API are `application/problem+json` (RFC 9457): `code` is stable, `detail` says what happened, \
         `next` what to do. On the gateway's paths errors have Anthropic's shape instead.\n\n\
         | code | status | means |\n|---|---|---|\n",
    );
    for code in control::http::CODES {
        page.push_str(&format!("| `{}` | {} | {} |\n", code.code, code.status, code.means));
    }
    is_current("docs/reference/errors.md", &page);
}

#[test]
fn every_code_in_the_sources_is_on_the_page_and_none_is_there_twice() {
    let mut known: Vec<&str> = control::http::CODES.iter().map(|code| code.code).collect();
    let refusals = quoted_codes("crates/domain/src/refusal.rs", "=> \"");
    assert!(refusals.len() > 10, "{refusals:?}");
    let problems = ["problem.rs", "pages.rs", "operational.rs", "sessions.rs"];
    let problems =
        problems.iter().flat_map(|file| quoted_codes(&format!("crates/control/src/http/{file}"), "StatusCode::"));
    let problems: Vec<String> = problems.collect();
    assert!(problems.len() > 10, "{problems:?}");
    for code in refusals.into_iter().chain(problems) {
        assert!(known.contains(&code.as_str()), "`{code}` is not in control::http::CODES");
    }
    let all = known.len();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), all);
}

/// Texts in quotes that look like codes, after this mark and at most the name of a status, in this file.
fn quoted_codes(path: &str, mark: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let after_status = |rest: &str| {
        let rest = rest.trim_start_matches(|part: char| part.is_ascii_uppercase() || part == '_');
        let rest = rest.strip_prefix(", \"").unwrap_or(rest);
        Some(rest.split_once('"')?.0.to_owned())
    };
    let is_code = |code: &String| code.len() > 3 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split(mark).skip(1).filter_map(after_status).filter(is_code).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn is_current(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("WRIT_REGENERATE").is_some() {
        std::fs::write(&file, generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    let stale = generated.lines().zip(checked_in.lines()).find(|(new, old)| new != old);
    assert!(generated == checked_in, "{path} is stale (first difference: {stale:?}); make it with\n{REGENERATE}");
}
