//! Model calls: API activity with the profile `ai_operation`; refused ones are findings.

use domain::call::{Dimensions, Outcome, Refused, Reserved, Settled};
use domain::{CallId, SessionId};
use serde_json::{Value, json};

use super::agent;
use super::session::{endpoint, finding};
use super::shape::{Class, Severity, Shape};
use crate::export::Line;

/// What is asked of the provider.
const OPERATION: &str = "messages.create";

pub(super) fn reserved(line: &Line, event: &Reserved) -> Shape {
    let message = format!("{} was set aside for call {}", event.hold, event.call);
    let user_agent = event.claims.user_agent.as_ref().map(|claimed| json!({"user_agent": claimed}));
    call(line, (99, "Reserve"), message, event.session, &event.dimensions, None)
        .succeeded()
        .with("api", api(event.call, None))
        .with_some("http_request", user_agent)
}

pub(super) fn settled(line: &Line, event: &Settled) -> Shape {
    let settlement = &event.settlement;
    let outcome = settlement.outcome.as_str();
    let cost = format!("{} ({})", settlement.cost, settlement.quality.as_str());
    let message = format!("call {} settled: {}, {cost}", event.call, outcome.replace('_', " "));
    let response = json!({"code": settlement.status.unwrap_or(0), "message": outcome});
    let upstream = settlement.upstream.as_deref();
    let shape = call(line, (1, "Create"), message, event.session, &event.dimensions, upstream)
        .with("api", api(event.call, settlement.status.is_some().then_some(response)))
        .with("start_time", event.reserved_at.unix_millis())
        .with("end_time", line.entry.time.unix_millis())
        .with("duration", line.entry.time.since(event.reserved_at).as_millis())
        .with("status_code", outcome)
        .with("message_context", usage(event))
        .with_some("dst_endpoint", upstream.map(|name| json!({"svc_name": name})));
    if settlement.outcome == Outcome::Completed { shape.succeeded() } else { shape.failed().severity(Severity::Low) }
}

pub(super) fn refused(origin: &str, line: &Line, event: &Refused) -> Shape {
    let description = format!("call {} was refused with {}", event.call, event.code);
    let evidence = json!([{"uid": event.call.to_string(), "api": api(event.call, None)}]);
    finding(origin, line, "a model call was refused after the upstream had been asked", &description)
        .severity(Severity::Low)
        .profile("security_control")
        .with("action_id", 2)
        .with("action", "Denied")
        .with("disposition_id", 2)
        .with("disposition", "Blocked")
        .with("status_code", event.code.as_str())
        .with("evidences", evidence)
        .with("actor", agent(line, event.session))
}

fn call(
    line: &Line,
    activity: (u64, &'static str),
    message: String,
    session: SessionId,
    dimensions: &Dimensions,
    provider: Option<&str>,
) -> Shape {
    let model = json!({"name": dimensions.model, "ai_provider": provider.unwrap_or("unknown")});
    Shape::new(Class::ApiActivity, activity, message)
        .profile("ai_operation")
        .with("actor", agent(line, session))
        .with("src_endpoint", endpoint(session))
        .with("ai_model", model)
        .with("resources", resources(dimensions))
}

fn api(call: CallId, response: Option<Value>) -> Value {
    let mut api = json!({
        "operation": OPERATION,
        "request": {"uid": call.to_string()},
        "service": {"name": "writ model gateway"},
    });
    if let Some(response) = response {
        api["response"] = response;
    }
    api
}

/// What the call was for.
fn resources(dimensions: &Dimensions) -> Value {
    let project = dimensions.project.map(|project| json!({"uid": project.to_string(), "type": "project"}));
    let team = dimensions.team.map(|team| json!({"uid": team.to_string(), "type": "team"}));
    project.into_iter().chain(team).collect()
}

fn usage(event: &Settled) -> Value {
    let used = &event.settlement.usage;
    let prompt = [used.input_tokens, used.cache_write_5m_tokens, used.cache_write_1h_tokens, used.cache_read_tokens];
    let prompt = prompt.into_iter().fold(0_u64, u64::saturating_add);
    json!({
        "uid": event.call.to_string(),
        "service": {"name": "writ model gateway"},
        "prompt_tokens": prompt,
        "completion_tokens": used.output_tokens,
        "total_tokens": prompt.saturating_add(used.output_tokens),
    })
}
