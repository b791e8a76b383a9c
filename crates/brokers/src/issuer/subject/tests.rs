#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::Time;

use super::*;

const NOW: Time = Time::from_unix_millis(1_795_377_600_999);

fn rendered(template: &str) -> Result<String, SubjectError> {
    let (project, profile): (Name, Name) = ("checkout".parse().unwrap(), "dev-write".parse().unwrap());
    template.parse::<SubjectTemplate>().unwrap().render(&SubjectParts {
        project: Some((ProjectId::new(NOW, 9), &project)),
        profile: &profile,
        developer: DeveloperId::new(NOW, 7),
        session: SessionId::new(NOW, 1),
        team: Some(TeamId::new(NOW, 3)),
    })
}

fn refused(template: &str) -> String {
    template.parse::<SubjectTemplate>().unwrap_err().to_string()
}

#[test]
fn the_default_names_the_project_by_id_and_the_profile() {
    assert_eq!(SubjectTemplate::default().as_str(), DEFAULT);
    assert_eq!(rendered(DEFAULT).unwrap(), "project:prj_01M82DG6F70000000000000009:profile:dev-write");
    assert!(SubjectTemplate::default().warnings().is_empty());
}

#[test]
fn every_placeholder_is_filled_in() {
    let template = "{project.id}:{project.name}:{profile}:{developer.id}:{session.id}:{team.id}";
    assert_eq!(
        rendered(template).unwrap(),
        "prj_01M82DG6F70000000000000009:checkout:dev-write:dev_01M82DG6F70000000000000007:\
         ses_01M82DG6F70000000000000001:team_01M82DG6F70000000000000003"
    );
    assert_eq!(rendered("repo/{project.name}").unwrap(), "repo/checkout");
}

#[test]
fn what_is_no_template_is_explained() {
    assert_eq!(
        refused("{project}"),
        "`{project}` is not known: known are `{project.id}`, `{project.name}`, `{profile}`, `{developer.id}`, \
         `{session.id}`, `{team.id}`"
    );
    for text in ["{profile", "profile}", "{{profile}}", "a}{profile}", "{pro{file}}", "{"] {
        assert_eq!(refused(text), "a `{` or `}` stands alone", "{text}");
    }
    for text in ["a {profile}", "ü{profile}", "{profile}*", "\"{profile}", "{profile}\n"] {
        assert!(refused(text).starts_with("a subject has visible ASCII characters only"), "{text}");
    }
    for text in ["", "constant"] {
        assert!(refused(text).starts_with("it names no part of a session"), "{text}");
    }
    assert!(refused(&format!("{{profile}}{}", "x".repeat(255))).starts_with("it is longer than 255"));
}

/// Whoever may choose the name of a project must not become another project's profile.
#[test]
fn values_that_could_run_into_each_other_are_refused() {
    for text in ["{project.name}{profile}", "{project.name}-{profile}", "x:{project.name}_._{profile}:y"] {
        let expected = "`{project.name}` and `{profile}` run into each other";
        assert!(refused(text).starts_with(expected), "{text}: {}", refused(text));
    }
    assert_eq!(rendered("{project.name}-/-{profile}").unwrap(), "checkout-/-dev-write");
}

#[test]
fn a_subject_is_within_the_bounds_of_aws() {
    assert_eq!(rendered("x:{project.name}").unwrap().len(), 10);
    let profile: Name = "abc".parse().unwrap();
    let render = |template: &str| {
        template.parse::<SubjectTemplate>().unwrap().render(&SubjectParts {
            project: None,
            profile: &profile,
            developer: DeveloperId::new(NOW, 7),
            session: SessionId::new(NOW, 1),
            team: None,
        })
    };
    assert_eq!(render("x:{profile}"), Err(SubjectError::Length("x:abc".to_owned())));
    assert_eq!(render("xx:{profile}").unwrap(), "xx:abc");
    assert_eq!(
        render("x:{profile}").unwrap_err().to_string(),
        "the subject `x:abc` has 5 characters, relying parties take 6 to 255"
    );
    let long = |count: usize| render(&format!("{}{{profile}}", ":".repeat(count)));
    assert_eq!(long(246).unwrap().len(), 249);
    let ids = "{developer.id}/{session.id}/".repeat(4);
    assert_eq!(render(&format!("{}{ids}{{profile}}", ":".repeat(4))).unwrap().len(), 255);
    assert!(matches!(render(&format!("{}{ids}{{profile}}", ":".repeat(5))), Err(SubjectError::Length(_))));
    assert_eq!(render(DEFAULT), Err(SubjectError::Missing("project.id")));
    assert_eq!(render("team:{team.id}"), Err(SubjectError::Missing("team.id")));
}

#[test]
fn a_session_in_a_subject_is_warned_of() {
    let warnings = |template: &str| template.parse::<SubjectTemplate>().unwrap().warnings();
    assert!(warnings("session:{session.id}")[0].contains("Entra takes 20"));
    assert!(warnings("project:{project.name}")[0].contains("by its name"));
    assert!(warnings("{project.name}:{project.id}").is_empty());
}
