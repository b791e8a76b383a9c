#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;

use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cr3t-s3cr3t-value";

fn withheld() -> Withheld {
    let settings = r#"{"targets":{"a":{"base_url":"https://example.com","inject":{"header":"x-key"}}}}"#;
    let secrets = [("token".to_owned(), SECRET.to_owned().into())].into();
    let broker = brokers::open(domain::BrokerKind::Static, settings, secrets).unwrap();
    broker.injection(&"a".parse().unwrap()).unwrap().withheld().clone()
}

/// A body in pieces that are there already.
struct Pieces(VecDeque<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = gateway::BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

fn scrubbed(pieces: &[&[u8]]) -> Scrubbed {
    let pieces = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
    Scrubbed::new(Pieces(pieces).boxed_unsync(), withheld())
}

async fn read(body: Scrubbed) -> Vec<u8> {
    body.collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn the_secret_is_replaced_wherever_it_stands() {
    for (pieces, expected) in [
        (&[&b"a s3cr3t-s3cr3t-value b s3cr3t-s3cr3t-value"[..]][..], "a [withheld] b [withheld]"),
        (&[b"a s3cr3t-", b"s3cr3t-val", b"ue"], "a [withheld]"),
        // What looks like it and is not passes whole, also at the end.
        (&[b"s3cr3t-s3cr3t-s3cr3t-value"], "s3cr3t-[withheld]"),
        (&[b"a s3cr3t-s3cr3t-val"], "a s3cr3t-s3cr3t-val"),
        (&[b"", b"x", b""], "x"),
        (&[], ""),
    ] {
        assert_eq!(String::from_utf8(read(scrubbed(pieces)).await).unwrap(), expected);
    }
}

/// A stream of events is not held up.
#[tokio::test]
async fn what_cannot_be_the_secret_is_not_held_back() {
    let mut body = scrubbed(&[b"data: 1\n\n", b"data: s3", b"x\n\n"]);
    let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(next().await, "data: 1\n\n");
    assert_eq!(next().await, "data: ");
    assert_eq!(next().await, "s3x\n\n");
}

proptest! {
    /// However a text is cut into pieces, the answer is the same and has no secret in it.
    #[test]
    fn cuts_make_no_difference(parts in prop::collection::vec(prop::sample::select(vec!["s3cr3t-", SECRET, "x", "s3", "-value"]), 0..12), cuts in prop::collection::vec(0usize..200, 0..12)) {
        let text = parts.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let clean = runtime.block_on(read(scrubbed(&pieces)));
        let expected = String::from_utf8(text).unwrap().replace(SECRET, "[withheld]");
        prop_assert_eq!(String::from_utf8(clean).unwrap(), expected);
    }
}
