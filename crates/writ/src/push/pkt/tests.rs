#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn the_examples_of_the_protocol() {
    // gitprotocol-common(5), "Examples (as C-style strings)".
    for (packet, content) in
        [(&b"0006a\n"[..], &b"a\n"[..]), (b"0005a", b"a"), (b"000bfoobar\n", b"foobar\n"), (b"0004", b"")]
    {
        assert_eq!(Packets::new(packet).next(), Ok(Packet::Line(content)));
        let mut written = Vec::new();
        write(&mut written, content);
        // An empty packet is never written: it says nothing.
        assert_eq!(written, if content.is_empty() { b"".to_vec() } else { packet.to_vec() });
    }
    assert_eq!(Packets::new(b"0000").next(), Ok(Packet::Flush));
}

#[test]
fn what_is_no_packet_is_refused() {
    for (bytes, error) in [
        (&b""[..], PacketError::Short),
        (b"000", PacketError::Short),
        (b"0006a", PacketError::Short),
        (b"0001", PacketError::Length),
        (b"0003", PacketError::Length),
        (b"+006a\n", PacketError::Length),
        (b"zzzz", PacketError::Length),
        (b"fff5", PacketError::Length),
    ] {
        assert_eq!(Packets::new(bytes).next(), Err(error), "{}", bytes.escape_ascii());
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..8)) {
        let mut written = Vec::new();
        for content in &contents {
            write(&mut written, content);
        }
        written.extend_from_slice(FLUSH);
        written.extend_from_slice(b"PACK");
        let mut packets = Packets::new(&written);
        for content in &contents {
            prop_assert_eq!(packets.next(), Ok(Packet::Line(content)));
        }
        prop_assert_eq!(packets.next(), Ok(Packet::Flush));
        prop_assert_eq!(&written[packets.read()..], b"PACK");
    }

    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut packets = Packets::new(&bytes);
        while packets.next().is_ok() {}
        prop_assert!(packets.read() <= bytes.len());
    }
}

#[test]
fn long_content_goes_into_several() {
    let content = vec![7_u8; PACKET_BYTES_MAX * 2];
    let (mut plain, mut banded) = (Vec::new(), Vec::new());
    write(&mut plain, &content);
    write_band(&mut banded, 2, &content);
    for (bytes, head) in [(plain, 0), (banded, 1)] {
        let mut packets = Packets::new(&bytes);
        let mut got = Vec::new();
        while packets.read() < bytes.len() {
            let Packet::Line(line) = packets.next().unwrap() else { panic!("a flush") };
            got.extend_from_slice(&line[head..]);
        }
        assert_eq!(got, content);
    }
}
