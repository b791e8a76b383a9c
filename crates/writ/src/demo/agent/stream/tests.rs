#![allow(clippy::unwrap_used)]

use super::Answer;

const STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"grü\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"ß\"}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Bash\",\"input\":{}}}\r\n\r\n",
    "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"command\\\":\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"echo\\\"}\"}}\n\n",
    "data: {\"type\":\"content_block_stop\"}\n\n",
    "data: {\"type\":\"message_stop\"}\n\n",
);

#[test]
fn blocks_are_put_together_wherever_the_bytes_are_split() {
    for size in [1, 3, 7, 64, STREAM.len()] {
        let mut answer = Answer::default();
        for chunk in STREAM.as_bytes().chunks(size) {
            answer.feed(chunk).unwrap();
        }
        let answer = answer.complete().unwrap();
        assert_eq!(answer.blocks[0]["text"], "grüß");
        assert_eq!(answer.text_chars(), 4);
        assert_eq!(answer.events, 10);
        let uses: Vec<_> = answer.tool_uses().collect();
        assert_eq!(uses.len(), 1);
        assert_eq!(uses[0]["input"]["command"], "echo");
    }
}

#[test]
fn a_cut_stream_and_an_error_event_are_errors() {
    let mut answer = Answer::default();
    answer.feed(&STREAM.as_bytes()[..100]).unwrap();
    assert!(answer.complete().unwrap_err().to_string().contains("cut"));
    let error = Answer::default()
        .feed(b"data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n")
        .unwrap_err();
    assert_eq!(error.to_string(), "error: the answer broke off: busy");
}
