#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

use std::task::{Context, Poll};

use http_body::Frame;
use http_body_util::Full;

fn intake(body_max: usize, all_max: usize) -> Intake {
    let mut config = Config::new(Vec::new());
    config.body_bytes_max = body_max;
    config.bodies_in_flight_bytes_max = all_max;
    Intake::new(&config, Arc::default())
}

/// A body in pieces.
struct Pieces(std::collections::VecDeque<&'static str>);

fn pieces(pieces: &[&'static str]) -> Pieces {
    Pieces(pieces.iter().copied().collect())
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.pop_front().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

#[tokio::test]
async fn pieces_make_a_whole_and_a_single_one_is_not_copied() {
    let intake = intake(100, 100);
    let upload = intake.read(&HeaderMap::new(), pieces(&["ab", "", "cde", "f"])).await.unwrap();
    assert_eq!(upload.bytes, "abcdef");
    let whole = Bytes::from_static(b"whole");
    let single = intake.read(&HeaderMap::new(), Full::new(whole.clone())).await.unwrap();
    assert_eq!(single.bytes.as_ptr(), whole.as_ptr());
    let empty = intake.read(&HeaderMap::new(), pieces(&[])).await.unwrap();
    assert!(empty.bytes.is_empty());
}

#[tokio::test]
async fn shares_are_given_back_in_every_case() {
    let intake = intake(6, 10);
    let held = intake.read(&HeaderMap::new(), pieces(&["abc", "def"])).await.unwrap();
    assert_eq!(intake.in_flight.load(Ordering::Relaxed), 6);
    let refused = intake.read(&HeaderMap::new(), pieces(&["abc", "de"])).await.unwrap_err();
    assert_eq!(refused.status.as_u16(), 529);
    let too_large = intake.read(&HeaderMap::new(), pieces(&["a", "bcdefgh"])).await.unwrap_err();
    assert_eq!(too_large.status.as_u16(), 413);
    assert_eq!(intake.in_flight.load(Ordering::Relaxed), 6);
    let (bytes, share) = held.split();
    drop(bytes);
    assert_eq!(intake.in_flight.load(Ordering::Relaxed), 6);
    drop(share);
    assert_eq!(intake.in_flight.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_large_body_holds_what_it_announces_and_leaves_a_part_to_small_ones() {
    const MIB: usize = 1 << 20;
    let intake = Arc::new(intake(4 * MIB, 8 * MIB));
    let announcing = |bytes: usize| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, bytes.into());
        headers
    };
    let in_flight = || intake.in_flight.load(Ordering::Relaxed);
    let slow = {
        let (intake, headers) = (Arc::clone(&intake), announcing(4 * MIB));
        tokio::spawn(async move { intake.read(&headers, Silent).await })
    };
    while in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(in_flight(), 4 * MIB, "before its first byte");
    let refused = intake.read(&announcing(3 * MIB), pieces(&["never read"])).await.unwrap_err();
    assert_eq!(refused.status.as_u16(), 529, "large ones may hold three quarters");
    let fits = intake.read(&announcing(2 * MIB), pieces(&["ended", " early"])).await.unwrap();
    assert_eq!(in_flight(), 6 * MIB);
    let small = intake.read(&announcing(5), pieces(&["small"])).await.unwrap();
    assert_eq!(small.bytes, "small");
    drop((fits, small));
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    assert_eq!(in_flight(), 0, "all is given back");
}

/// A body that never comes.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}
