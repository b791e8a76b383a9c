#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

use crate::testing::{answer_text, gzip};

fn tap(coding: Option<&str>, kind: &str) -> Tap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, kind.parse().unwrap());
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
    }
    Tap::new(&headers, false)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_coding_that_is_read_gives_the_same_figures_in_any_split() {
    let text = answer_text(true);
    let expected = {
        let mut plain = tap(None, "text/event-stream");
        plain.feed(text.as_bytes());
        plain.finish(true)
    };
    assert!(expected.complete);
    let codings = [
        ("gzip", gzip(text.as_bytes())),
        ("X-GZIP", gzip(text.as_bytes())),
        ("deflate", deflate(text.as_bytes())),
        ("identity", text.into_bytes()),
    ];
    for (coding, bytes) in codings {
        for size in [1, 7, bytes.len()] {
            let mut tap = tap(Some(coding), "text/event-stream");
            bytes.chunks(size).for_each(|chunk| tap.feed(chunk));
            assert_eq!(tap.finish(true), expected, "{coding} in pieces of {size}");
        }
    }
}

#[test]
fn a_cut_gzip_stream_shows_what_came() {
    use flate2::write::GzEncoder;
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(answer_text(true).split_inclusive("\n\n").next().unwrap().as_bytes()).unwrap();
    encoder.flush().unwrap();
    let mut tap = tap(Some("gzip"), "text/event-stream");
    tap.feed(encoder.get_ref());
    let observed = tap.finish(false);
    assert!(observed.started && !observed.complete);
}

#[test]
fn what_cannot_be_read_shows_nothing() {
    for (coding, bytes) in [("br", &b"abc"[..]), ("gzip", b"not gzip at all"), ("gzip, gzip", b"")] {
        let mut tap = tap(Some(coding), "application/json");
        tap.feed(bytes);
        assert_eq!(tap.finish(true), Observed::default(), "{coding}");
    }
    let mut twice = HeaderMap::new();
    twice.append(CONTENT_ENCODING, "gzip".parse().unwrap());
    twice.append(CONTENT_ENCODING, "gzip".parse().unwrap());
    assert!(matches!(Tap::new(&twice, false), Tap::Blind));
}
