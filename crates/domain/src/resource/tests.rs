use proptest::prelude::*;

use super::*;

fn resource(text: &str) -> Resource {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn texts_that_are_resources_come_back_as_they_were() {
    for text in
        ["env:prod/payments/db", "path:github.com/acme/api//infra/prod", "ref:github.com/acme/api/heads/main", "slot:a"]
    {
        assert_eq!(resource(text).to_string(), text);
    }
}

#[test]
fn texts_that_are_not_say_why() {
    let cases = [
        ("prod", ResourceError::Kind),
        (":prod", ResourceError::Kind),
        ("Env:prod", ResourceError::Kind),
        ("env:", ResourceError::Segment),
        ("env:/prod", ResourceError::Segment),
        ("env:prod/", ResourceError::Segment),
        ("env:prod//db", ResourceError::Segment),
        ("path:api//a//b", ResourceError::Segment),
        ("path:api//", ResourceError::Segment),
        ("path:api//../etc", ResourceError::Segment),
        ("path:api//a/./b", ResourceError::Segment),
        ("path:api//a\u{1}b", ResourceError::Control),
        ("path:api//a\nb", ResourceError::Control),
    ];
    for (text, why) in cases {
        assert_eq!(text.parse::<Resource>(), Err(why), "{text}");
    }
    let long = format!("env:{}", "a".repeat(limits::RESOURCE_BYTES_MAX));
    assert_eq!(long.parse::<Resource>(), Err(ResourceError::TooLong));
}

#[test]
fn a_prefix_of_text_is_no_prefix_of_segments() {
    assert!(!resource("path:api//infra/prod").overlaps(&resource("path:api//infra/prod2/b")));
    assert!(resource("path:api//infra/prod").contains(&resource("path:api//infra/prod/b")));
    assert!(resource("path:api").contains(&resource("path:api//infra")));
}

#[test]
fn both_spellings_of_an_accent_are_one() {
    assert_eq!(resource("path:api//caf\u{e9}"), resource("path:api//cafe\u{301}"));
    assert_eq!(resource("path:api//CAF\u{c9}").folded(), resource("path:api//cafe\u{301}"));
}

#[test]
fn a_path_that_leads_out_of_its_repository_is_none() {
    assert_eq!(Resource::in_repository("acme/api", "../other"), Err(ResourceError::Segment));
    let found = Resource::in_repository("acme/api", "a/b").map(|found| found.repository_path());
    assert_eq!(found, Ok(Some(("acme/api".to_owned(), "a/b".to_owned()))));
    assert_eq!(Resource::repository_ref("acme/api", "refs/heads/main"), Ok(resource("ref:acme/api/heads/main")));
}

proptest! {
    /// What lies below a resource lies in one row behind it, whatever characters its neighbours have.
    #[test]
    fn order_is_by_segments(segments in prop::collection::vec("[ -.0-9a-c]{1,2}", 1..4), others in prop::collection::vec("[ -.0-9a-c]{1,2}", 1..4)) {
        let fine = |segments: &[String]| segments.iter().all(|one| one != "." && one != "..");
        prop_assume!(fine(&segments) && fine(&others));
        let (one, other) = (resource(&format!("env:{}", segments.join("/"))), resource(&format!("env:{}", others.join("/"))));
        prop_assert_eq!(one.contains(&other), others.starts_with(&segments));
        prop_assert_eq!(one.contains(&other) && one != other, other.0.starts_with(&one.below()));
        prop_assert_eq!(one.cmp(&other), segments.cmp(&others));
        prop_assert_eq!(one.lineage().any(|key| key == other.0), other.contains(&one));
    }

    /// A text is a resource or it is not; nothing else happens.
    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}", kind in "[a-z]{0,5}") {
        if let Ok(found) = format!("{kind}:{text}").parse::<Resource>() {
            prop_assert_eq!(resource(&found.to_string()), found);
        }
    }
}
