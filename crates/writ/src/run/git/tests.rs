#![allow(clippy::unwrap_used)]

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::scrubbed(variables.iter().map(|(name, value)| (name.into(), value.into())), &[])
}

#[test]
fn versions_of_git() {
    for (text, expected) in [
        ("git version 2.47.3\n", Some((2, 47))),
        ("git version 2.39.5 (Apple Git-154)\n", Some((2, 39))),
        ("git version 2.34\n", Some((2, 34))),
        ("hub version 2", None),
    ] {
        assert_eq!(version(text), expected, "{text}");
    }
}

#[test]
fn settings_go_behind_the_user_s_own_and_in_place_of_an_outer_session_s() {
    let count = |variables: &[(&str, &str)]| theirs::count(&environment(variables));
    assert_eq!(count(&[]), Ok(0));
    assert_eq!(count(&[("GIT_CONFIG_COUNT", "")]), Ok(0));
    assert_eq!(count(&[("GIT_CONFIG_COUNT", "2")]), Ok(2));
    assert_eq!(count(&[("GIT_CONFIG_COUNT", "8"), ("WRIT_GIT_CONFIG_COUNT", "2")]), Ok(2));
    assert!(count(&[("GIT_CONFIG_COUNT", "many")]).is_err());
    let git = Git { program: "git".into(), count: 2 };
    let told = git.settings([("core.hooksPath".to_owned(), "/h".into()), ("commit.gpgSign".to_owned(), "true".into())]);
    let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let expected = [
        ("GIT_CONFIG_KEY_2", "core.hooksPath"),
        ("GIT_CONFIG_VALUE_2", "/h"),
        ("GIT_CONFIG_KEY_3", "commit.gpgSign"),
        ("GIT_CONFIG_VALUE_3", "true"),
        ("GIT_CONFIG_COUNT", "4"),
        ("WRIT_GIT_CONFIG_COUNT", "2"),
    ];
    assert_eq!(told, expected);
}
