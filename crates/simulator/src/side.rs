//! The endpoints beside `/v1/messages`.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::turn::Turn;

/// Models `GET /v1/models` names.
const MODELS: &[(&str, &str)] = &[
    ("claude-opus-5-5", "Claude Opus 5.5 (stand-in)"),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5 (stand-in)"),
    ("claude-haiku-5-5", "Claude Haiku 5.5 (stand-in)"),
];

/// `POST /v1/messages/count_tokens`: a token for every four bytes of the body.
pub(crate) fn count_tokens(body: &[u8]) -> Result<Answer, Failure> {
    Turn::read(body)?;
    let tokens = body.len().div_ceil(4);
    Ok(Answer::json(&json!({ "input_tokens": tokens })))
}

/// `GET /v1/models`.
pub(crate) fn models() -> Answer {
    let data: Vec<Value> = MODELS
        .iter()
        .map(|(id, name)| {
            json!({
                "type": "model",
                "id": id,
                "display_name": name,
                "created_at": "2026-01-01T00:00:00Z",
            })
        })
        .collect();
    Answer::json(&json!({
        "data": data,
        "has_more": false,
        "first_id": MODELS.first().map(|(id, _)| id),
        "last_id": MODELS.last().map(|(id, _)| id),
    }))
}
