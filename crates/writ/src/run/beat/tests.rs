use std::time::Duration;

use tokio::time::Instant;

use super::{News, Silence, good_ones, over};
use crate::client::{ClientError, Problem};

fn refused(status: u16) -> Result<serde_json::Value, ClientError> {
    Err(ClientError::Refused(Box::new(Problem { status, title: "ended by ada".to_owned(), ..Problem::default() })))
}

#[test]
fn only_a_refusal_ends_the_session() {
    for status in [401, 409, 410] {
        assert_eq!(over(&refused(status)).as_deref(), Some("ended by ada"), "{status}");
    }
    for status in [429, 500, 502, 503] {
        assert_eq!(over(&refused(status)), None, "{status}");
    }
    assert_eq!(over(&Err(ClientError::Unreachable("gone".to_owned()))), None);
    assert_eq!(over(&Err(ClientError::Strange("html".to_owned()))), None);
}

#[test]
fn an_answer_says_which_credentials_are_good_or_nothing_of_them() {
    let told = serde_json::json!({"status": "active", "credentials": ["cred_1", "cred_2"]});
    assert_eq!(good_ones(&told), Some(vec!["cred_1".to_owned(), "cred_2".to_owned()]));
    assert_eq!(good_ones(&serde_json::json!({"status": "active"})), None);
    assert_eq!(good_ones(&serde_json::json!({"credentials": [1]})), None);
}

#[test]
fn silence_is_said_once_and_its_end_too() {
    let start = Instant::now();
    let mut silence = Silence::default();
    let said: Vec<Option<News>> =
        (0..6).map(|beat| silence.after(false, start + Duration::from_secs(2 * beat))).collect();
    assert_eq!(said, [None, None, Some(News::Silent), None, None, None]);
    assert_eq!(silence.after(false, start + Duration::from_secs(899)), None);
    assert_eq!(silence.after(false, start + Duration::from_secs(900)), Some(News::Lapsed));
    assert_eq!(silence.after(false, start + Duration::from_secs(2000)), None);
    assert_eq!(silence.after(true, start + Duration::from_secs(2001)), Some(News::Back));
    assert_eq!(silence.after(true, start + Duration::from_secs(2002)), None);
}

#[test]
fn one_lost_beat_is_no_news() {
    let mut silence = Silence::default();
    assert_eq!(silence.after(false, Instant::now()), None);
    assert_eq!(silence.after(true, Instant::now()), None);
}
