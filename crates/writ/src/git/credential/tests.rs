#![allow(clippy::unwrap_used)]

use super::*;

/// What git 2.47 writes for `git fetch https://git.example.com/acme/api.git` with `credential.useHttpPath`.
const GET: &str = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.example.com\npath=acme/api.git\n\
                   wwwauth[]=Basic realm=\"git\"\n";

fn reply(auth: Auth) -> Reply<'static> {
    Reply { auth, username: "x-access-token", token: "s3cret", expires_at: 1_795_381_200 }
}

#[test]
fn git_s_question_is_read() {
    let asked = Asked::read(GET).unwrap();
    assert_eq!((asked.protocol.as_str(), asked.host.as_str()), ("https", "git.example.com"));
    assert_eq!(asked.path.as_deref(), Some("acme/api.git"));
    assert!(asked.offers_authtype);
    assert!(!Asked::read("protocol=https\nhost=h\ncapability[]=state\n").unwrap().offers_authtype);
    // what comes after an empty line is not read, what is not known is left out
    let asked = Asked::read("protocol=https\nhost=h\nnovelty=1\nwwwauth[]=\n\npath=x\n").unwrap();
    assert_eq!(asked.path, None);
}

#[test]
fn what_is_no_question_is_not_answered() {
    for text in ["", "protocol=https\n", "host=h\n", "protocol=\nhost=h\n", "protocol=https\nhost=h\nnonsense\n"] {
        assert_eq!(Asked::read(text).err(), Some(ProtocolError::Strange), "{text:?}");
    }
}

#[test]
fn a_bearer_is_given_where_git_takes_one() {
    let answer = Asked::read(GET).unwrap().answer(&reply(Auth::Bearer)).unwrap();
    let expected = "capability[]=authtype\nauthtype=Bearer\ncredential=s3cret\nephemeral=1\n\
                    password_expiry_utc=1795381200\n";
    assert_eq!(answer.as_str(), expected);
}

#[test]
fn else_the_token_is_a_password() {
    let expected = "username=x-access-token\npassword=s3cret\npassword_expiry_utc=1795381200\n";
    let old = Asked::read("protocol=https\nhost=h\n").unwrap();
    assert_eq!(old.answer(&reply(Auth::Bearer)).unwrap().as_str(), expected);
    assert_eq!(Asked::read(GET).unwrap().answer(&reply(Auth::Basic)).unwrap().as_str(), expected);
}

#[test]
fn nothing_slips_in_between_the_lines() {
    let asked = Asked::read(GET).unwrap();
    for token in ["", "a\nhost=evil.example", "a\r", "a\0b"] {
        let answer = asked.answer(&Reply { token, ..reply(Auth::Basic) });
        assert_eq!(answer.err(), Some(ProtocolError::Unprintable), "{token:?}");
    }
}

#[test]
fn what_was_refused_is_known_again() {
    for told in ["password=s3cret", "authtype=Bearer\ncredential=s3cret"] {
        let asked = Asked::read(&format!("protocol=https\nhost=h\n{told}\n")).unwrap();
        assert!(asked.is_about("s3cret") && !asked.is_about("other"), "{told}");
    }
    assert!(!Asked::read(GET).unwrap().is_about(""));
}
