#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

#[test]
fn nothing_leaves_the_machine_in_the_clear() {
    let parse = |text: &str| text.parse::<SyslogAddress>();
    assert_eq!(parse("tcp://127.0.0.1:601"), Ok(SyslogAddress::Tcp("127.0.0.1:601".to_owned())));
    assert_eq!(parse("udp://[::1]:514"), Ok(SyslogAddress::Udp("[::1]:514".to_owned())));
    assert_eq!(parse("tls://siem.example:6514"), Ok(SyslogAddress::Tls("siem.example:6514".to_owned())));
    assert_eq!(parse("unix:/dev/log"), Ok(SyslogAddress::Unix("/dev/log".to_owned())));
    for bad in ["tcp://siem.example:601", "udp://10.0.0.1:514"] {
        assert!(parse(bad).unwrap_err().contains("another machine"), "{bad}");
    }
    for bad in ["", "/dev/log", "unix:dev/log", "tls://siem.example", "http://127.0.0.1:1", "tcp://me@localhost:1"] {
        assert!(parse(bad).unwrap_err().contains("is not an address"), "{bad}");
    }
}

/// RFC 6587, section 3.4.1: the length counts octets.
#[test]
fn frames_count_octets() {
    assert_eq!(frame("<110>1 äö"), "11 <110>1 äö".as_bytes());
}
