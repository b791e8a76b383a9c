//! What differs from run to run, replaced before an answer is compared with its snapshot.

use insta::internals::SettingsBindDropGuard;

use super::http::Answer;

const FILTERS: &[(&str, &str)] = &[
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "JWT"),
    (r"writ_(ses|sin|bts)_[0-9A-Za-z]{49}", "writ_${1}_TOKEN"),
    (r"\b([a-z]{3,4})_[0-9A-HJKMNP-TV-Z]{26}\b", "${1}_ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "MINUTE"),
    (r"\b20\d\d-\d\d-\d\d\b", "DATE"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"req_sim_[0-9a-f]{16}", "req_sim_ID"),
    ("\"book\": \"[0-9a-f]{12}\"", "\"book\": \"BOOK\""),
    (r"\b1[789]\d{11}\b", "MILLIS"),
    (r"http://127\.0\.0\.1:\d+", "URL"),
];

/// Scrubs snapshots as long as the value lives.
pub(crate) fn scrubbed() -> SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    for (pattern, replacement) in FILTERS {
        settings.add_filter(pattern, *replacement);
    }
    settings.bind_to_scope()
}

impl Answer {
    /// The status, then the body: JSON with sorted keys, a problem as its code, sentence and hint.
    pub(crate) fn shown(&self) -> String {
        let status = self.status.as_u16();
        if self.header("content-type") == "application/problem+json" {
            return self.problem();
        }
        match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(json) => format!("{status}\n{json:#}"),
            Err(_) if self.body.is_empty() => status.to_string(),
            Err(_) => format!("{status}\n{}", self.text()),
        }
    }

    /// `404 not_found: no session … → ask for another`.
    fn problem(&self) -> String {
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        assert_eq!(body["request_id"], self.header("request-id"), "{body}");
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let status = self.status.as_u16();
        let listed = control::http::CODES.iter().any(|known| known.code == body["code"] && known.status == status);
        assert!(listed, "{status} {} is not in control::http::CODES", body["code"]);
        let next = body.get("next").map(|next| format!(" → {}", next.as_str().unwrap())).unwrap_or_default();
        format!("{status} {}: {}{next}", text("code"), text("detail"))
    }
}
