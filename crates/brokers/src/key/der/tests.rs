use super::*;

/// ITU-T X.690, sections 8.1.3 and 8.3.
#[test]
fn lengths_and_numbers_are_the_shortest() {
    assert_eq!(element(OCTET_STRING, &[]), [4, 0]);
    assert_eq!(element(OCTET_STRING, &[7; 0x7f])[..2], [4, 0x7f]);
    assert_eq!(element(OCTET_STRING, &[7; 0x80])[..3], [4, 0x81, 0x80]);
    assert_eq!(element(OCTET_STRING, &[7; 0xff])[..3], [4, 0x81, 0xff]);
    assert_eq!(element(OCTET_STRING, &[7; 0x100])[..4], [4, 0x82, 1, 0]);
    for (number, written) in [
        (&[][..], &[2, 1, 0][..]),
        (&[0, 0], &[2, 1, 0]),
        (&[0x7f], &[2, 1, 0x7f]),
        (&[0x80], &[2, 2, 0, 0x80]),
        (&[0, 0, 1, 0], &[2, 2, 1, 0]),
    ] {
        assert_eq!(unsigned(number), written);
    }
    assert_eq!(bits(&[0x80]), [3, 2, 0, 0x80]);
    assert_eq!(context(3, &sequence(&[])), [0xa3, 2, 0x30, 0]);
}
