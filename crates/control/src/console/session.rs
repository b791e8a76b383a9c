//! One session: who, what, when, what it cost, its calls and its entries in the log.

use askama::Template;
use domain::limits::REASON_CHARS_MAX;

use super::credentials::Table;
use super::frame::{Frame, Place, Shell};
use super::{Badge, Budget, CredentialRow, Link, LockRow, Moment};

/// What the page of a session shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPage {
    /// Who looks.
    pub frame: Frame,
    /// Its id.
    pub id: String,
    /// Made by [`Badge::status`].
    pub status: Badge,
    /// Who ended it and how, in one sentence; none while it is live.
    pub over: Option<String>,
    /// The human's sign-in name.
    pub developer: String,
    /// What the work is for; none means unattributed.
    pub project: Option<String>,
    /// The team through which the developer works on the project.
    pub team: Option<String>,
    /// Name of the permission profile.
    pub profile: String,
    /// The session it was opened from.
    pub parent: Option<Link>,
    /// The sub-agent of that session that it stands for, by the client's own id of it.
    pub agent: Option<String>,
    /// The live sessions opened from it, but sub-agents; bounded by the handler.
    pub children: Vec<Link>,
    /// Its sub-agents, newest first; bounded by the handler.
    pub sub_agents: Vec<SubAgentRow>,
    /// When it was opened.
    pub opened: Moment,
    /// When it expires by itself.
    pub expires: Moment,
    /// When it was over.
    pub over_at: Option<Moment>,
    /// Settled: `$1.2345`.
    pub spent: String,
    /// Set aside by calls in flight; none when there are none.
    pub held: Option<String>,
    /// What the settled calls would have cost at list price.
    pub list: String,
    /// Its budget, if it has one.
    pub budget: Option<Budget>,
    /// All its calls: made by [`super::count`].
    pub calls_total: String,
    /// Its newest credentials, newest first; bounded by the handler.
    pub credentials: Vec<CredentialRow>,
    /// Address of all its credentials; none where all are shown.
    pub more_credentials: Option<String>,
    /// Its locks that are not over; bounded by the handler.
    pub locks: Vec<LockRow>,
    /// Its newest calls, newest first; bounded by the handler.
    pub calls: Vec<CallRow>,
    /// Address of the next page of calls.
    pub older_calls: Option<String>,
    /// Its entries, oldest first; bounded by the handler.
    pub entries: Vec<EntryRow>,
    /// Entries that are not shown because there are too many, if any: made by [`super::count`].
    pub entries_left_out: Option<String>,
    /// For those who may revoke it, while it is live.
    pub revoke: Option<Revoke>,
}

/// One sub-agent of the session's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAgentRow {
    /// The session that stands for it.
    pub session: Link,
    /// The client's own id of it.
    pub agent: String,
    /// Made by [`Badge::status`].
    pub status: Badge,
    /// How many calls it made.
    pub calls: String,
    /// What they cost.
    pub spent: String,
}

/// One model request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// Its id.
    pub id: String,
    /// When it was reserved.
    pub at: Moment,
    /// The model that was asked for.
    pub model: String,
    /// The model that answered, where it is another one.
    pub model_served: Option<String>,
    /// Input tokens that were not cached.
    pub input_tokens: String,
    /// Tokens written to the cache.
    pub cache_write_tokens: String,
    /// Tokens read from the cache.
    pub cache_read_tokens: String,
    /// Output tokens.
    pub output_tokens: String,
    /// What it cost, or what it holds while it is in flight.
    pub cost: String,
    /// Made by [`Badge::quality`]; none while it is in flight.
    pub quality: Option<Badge>,
    /// The model is not in the price book: priced at the dearest known tier.
    pub is_unpriced: bool,
    /// Made by [`Badge::outcome`].
    pub outcome: Badge,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its position.
    pub position: String,
    /// When it was written.
    pub at: Moment,
    /// Its type, as the log spells it: `session_opened`.
    pub kind: String,
    /// Its leaf hash, whole, in hexadecimal.
    pub leaf: String,
}

/// The kill switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    /// Where its form posts `reason`.
    pub action: String,
    /// How many live sessions below it end too.
    pub live_descendants: usize,
}

#[derive(Template)]
#[template(path = "session.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a SessionPage,
    reason_chars_max: usize,
}

/// `GET /sessions/{id}`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn session_page(view: &SessionPage) -> Result<String, askama::Error> {
    let shell = Shell::new(Some(&view.frame), Place::Sessions);
    Page { shell, view, reason_chars_max: REASON_CHARS_MAX }.render()
}

// === impl Page ===

impl Page<'_> {
    fn credentials(&self) -> Table<'_> {
        Table { caption: "Credentials", rows: &self.view.credentials, of_one_session: true }
    }
}

// === impl EntryRow ===

impl EntryRow {
    /// Enough of the leaf hash to compare by eye.
    fn leaf_short(&self) -> &str {
        self.leaf.get(..12).unwrap_or(&self.leaf)
    }
}
