//! Every code an error of the API can have: a contract, made into `docs/reference/errors.md`.

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What stands in the answer; stable.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means.
    pub means: &'static str,
}

const fn code(code: &'static str, status: u16, means: &'static str) -> Code {
    Code { code, status, means }
}

/// All of them, by status, then by name.
pub const CODES: &[Code] = &[
    code("amount_out_of_bounds", 400, "An amount of money is negative, or larger than an entry can carry."),
    code("invalid_request", 400, "The body, the query or an id cannot be read; the detail says what is wrong."),
    code("life_out_of_bounds", 400, "A credential's life is outside what is granted or what its target can give."),
    code("text_malformed", 400, "A text is empty or has control characters."),
    code("text_too_long", 400, "A text is longer than its limit."),
    code("ttl_out_of_bounds", 400, "The time to live of a session is too short or too long."),
    code("unauthenticated", 401, "No token came, or one that opens nothing: sign in again."),
    code("budget_exhausted", 402, "The hold of a call does not fit in what is left of a budget."),
    code("bootstrap_spent", 403, "The first administrator exists already."),
    code("cross_site", 403, "A form of the console was sent from another site."),
    code("developer_disabled", 403, "The developer is locked out."),
    code("forbidden", 403, "A role is missing, or the thing belongs to somebody else."),
    code(
        "not_granted",
        403,
        "The session's project has no grant for this broker and target; the detail says what it has.",
    ),
    code("lock_required", 403, "The grant asks for a lock that the session does not hold."),
    code("outside_grant", 403, "The grant does not go that far; the detail says what it allows."),
    code("project_forbidden", 403, "The developer is in none of the project's teams."),
    code("push_frozen", 403, "The push touches what is frozen until a human has looked at it."),
    code("push_lock_missing", 403, "The rules ask for a lock that the session does not hold."),
    code("push_path_locked", 403, "The push touches what somebody else has locked; the answer names them."),
    code("push_ref_foreign", 403, "The push moves a ref that is not the session's own, and that it does not hold."),
    code("push_ref_protected", 403, "The push moves a protected ref that the session does not hold, or not forward."),
    code("push_session_foreign", 403, "The push names another session than the one whose credential it came with."),
    code(
        "push_token_stale",
        403,
        "The push names a token that is not current, or lacks the one of a lock that it needs.",
    ),
    code("push_unattributed", 403, "A commit of the push does not name the session."),
    code("push_unsigned", 403, "A commit of the push is not signed with a certificate of the session's."),
    code("broker_unknown", 404, "No broker has that name."),
    code("call_unknown", 404, "No open call has that id."),
    code("credential_unknown", 404, "No credential that is alive has that id."),
    code("developer_unknown", 404, "No developer has that id."),
    code("freeze_unknown", 404, "The resource is not frozen."),
    code("grant_unknown", 404, "The project has no such grant."),
    code("not_found", 404, "The named thing or path does not exist, or not for who asks."),
    code("project_unknown", 404, "No project has that id."),
    code("session_unknown", 404, "No session that is live or remembered has that id."),
    code("sign_in_unknown", 404, "The sign-in ended or expired."),
    code("target_unknown", 404, "The broker has no target of that name."),
    code("team_unknown", 404, "No team has that id."),
    code("ticket_unknown", 404, "No ticket that is remembered has that id."),
    code("method_not_allowed", 405, "The path does not take that method; the header `allow` names those it takes."),
    code("broker_in_use", 409, "Credentials that the broker minted are not dead yet."),
    code("broker_kind_fixed", 409, "A broker of that name exists and is of another kind."),
    code("broker_off", 409, "The broker is switched off."),
    code("credential_alive", 409, "The credential has not expired."),
    code("id_taken", 409, "An id was used before."),
    code("last_admin", 409, "It would leave no administrator."),
    code("lock_held", 409, "Somebody holds what was asked, or waits for it and came before; the answer names them."),
    code(
        "lock_pinned",
        409,
        "A change that a gate let through is on its way: the lock cannot be taken away for a minute.",
    ),
    code("login_taken", 409, "The sign-in name is taken."),
    code("name_taken", 409, "The name of a team or project is taken."),
    code("not_overdue", 409, "The session beat in time after all."),
    code("resource_frozen", 409, "No agent may change the resource until a human has looked at it."),
    code("rotation_under_way", 409, "The next signing key is published already and has not begun to sign."),
    code("seal_keys_unusable", 409, "Seal keys cannot be replaced here; the detail says why."),
    code("session_over", 409, "The session has ended, was revoked or has expired; the detail says who ended it."),
    code("session_suspect", 409, "The session missed its beats: nothing new is granted until it beats again."),
    code("ticket_not_due", 409, "Nothing about the ticket is due."),
    code("ticket_over", 409, "The ticket is over: ask with a new one."),
    code("would_deadlock", 409, "Waiting for it would close a circle; the answer names who waits for whom."),
    code("body_too_large", 413, "The body of the request is larger than its limit."),
    code("limit_reached", 429, "A limit on how many there may be at the same time is reached."),
    code("throttled", 429, "Too many wrong passwords; `retry-after` says how long to wait."),
    code("internal", 500, "A defect of writ: report it with the request id."),
    code("target_refused", 502, "A broker's target refused, or answered what no target should; the detail says what."),
    code("store_unavailable", 503, "The log cannot be written now, so nothing was acknowledged: try again."),
    code("target_unavailable", 503, "A broker's target is away or slow: try again."),
];
