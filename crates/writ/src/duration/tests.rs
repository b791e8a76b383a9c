use super::parse_span;

#[test]
fn reads_what_people_type() {
    for (text, seconds) in
        [("45s", 45), ("90m", 5400), ("8h", 28_800), ("1h30m", 5400), ("7d", 604_800), ("1d2h3m4s", 93_784)]
    {
        assert_eq!(parse_span(text).map(domain::Span::as_secs), Ok(seconds), "{text}");
    }
}

#[test]
fn refuses_everything_else() {
    for text in ["", "8", "h", "0s", "-1h", "1.5h", "8 h", "30m1h", "1h1h", "8w", "99999999999999999999h", "8hé"] {
        assert!(parse_span(text).is_err(), "{text}");
    }
}
