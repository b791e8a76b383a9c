use super::{Event, Lines};
use crate::limits::EVENT_BYTES_MAX;

#[test]
fn events_come_in_any_pieces() {
    let text =
        ": heartbeat\n\nid: 7\nevent: write\ndata: {\"a\":\ndata: 1}\n\nevent: lock\r\ndata:x\r\n\r\nevent: empty\n\n";
    let whole = Lines::default().take(text.as_bytes());
    let mut lines = Lines::default();
    let pieces: Vec<Event> = text.bytes().flat_map(|byte| lines.take(&[byte])).collect();
    assert_eq!(whole, pieces);
    assert_eq!(whole.len(), 2);
    assert_eq!(whole[0], Event { name: "write".to_owned(), data: "{\"a\":\n1}".to_owned(), id: Some("7".to_owned()) });
    assert_eq!((whole[1].name.as_str(), whole[1].data.as_str()), ("lock", "x"));
}

#[test]
fn an_event_that_is_too_long_is_left_out_and_the_next_one_comes() {
    let mut lines = Lines::default();
    let long = format!("data: {}\n\ndata: next\n\n", "x".repeat(EVENT_BYTES_MAX * 2));
    let events = lines.take(long.as_bytes());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].data, "next");
}
