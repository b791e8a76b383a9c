#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::task::Waker;

use super::*;

fn frame(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn released(burst: &mut Burst) -> Vec<Bytes> {
    std::iter::from_fn(|| burst.release()).map(|frame| frame.into_data().unwrap()).collect()
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn the_first_frame_after_a_pause_leaves_at_once() {
    let mut burst = Burst::default();
    burst.take(frame("a"));
    assert_eq!(released(&mut burst), ["a"]);
    for _ in 0..BURST_TURNS_MAX {
        assert!(burst.goes_on(&cx()), "some turns are waited");
    }
    assert!(!burst.goes_on(&cx()), "and no more");
    assert!(burst.is_empty());
    burst.take(frame("b"));
    assert_eq!(released(&mut burst), ["b"], "the pause made it a new burst");
}

#[test]
fn what_follows_is_held_for_as_long_as_every_turn_brings_more() {
    let mut burst = Burst::default();
    burst.take(frame("a"));
    released(&mut burst);
    for text in ["b", "c", "d"] {
        assert!(burst.goes_on(&cx()));
        burst.take(frame(text));
        assert!(burst.release().is_none());
    }
    let turns = std::iter::from_fn(|| burst.goes_on(&cx()).then_some(())).count();
    assert_eq!(turns, usize::from(BURST_TURNS_MAX));
    assert_eq!(released(&mut burst), ["b", "c", "d"]);
}

#[test]
fn a_burst_is_bounded() {
    for text in ["x", "y".repeat(BURST_BYTES_MAX).leak()] {
        let mut burst = Burst::default();
        burst.take(frame("a"));
        released(&mut burst);
        let mut held = 0;
        while burst.release().is_none() {
            burst.take(frame(text));
            held += 1;
            assert!(held <= BURST_FRAMES_MAX);
        }
    }
}

#[test]
fn an_end_releases_everything() {
    let mut burst = Burst::default();
    burst.take(frame("a"));
    released(&mut burst);
    burst.take(frame("b"));
    burst.stop(Some(BodyError::UpstreamSilent));
    assert_eq!(released(&mut burst), ["b"]);
    assert!(!burst.is_over(), "the error is left to tell");
}
