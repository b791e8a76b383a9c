//! Searching the log: by an index where there is one, else by reading windows of it, never more than a bound at a time.

use domain::{DeveloperId, Digest, ProjectId, SessionId};

use crate::conn::composed;
use crate::limits::{
    ENTRIES_PER_READ_MAX, SEARCH_BYTES_MAX, SEARCH_ENTRIES_MAX, SEARCH_POSITIONS_MAX, SEARCH_WINDOW_ENTRIES,
};
use crate::pool::{self, Engine};
use crate::row::Row;
use crate::value::Value;
use crate::{Store, StoreError};

/// Which entries to look for, oldest first. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryQuery {
    /// From this position on.
    pub from: u64,
    /// Before this position.
    pub until: Option<u64>,
    /// Only about this human or their sessions, or done by them.
    pub developer: Option<DeveloperId>,
    /// Only about sessions for this project.
    pub project: Option<ProjectId>,
    /// Only about this session.
    pub session: Option<SessionId>,
    /// Only of types that start with this.
    pub kind: Option<String>,
    /// Only those about one of these, if there are any.
    pub about: Vec<About>,
    /// Only those that hold this text as a whole value of their JSON.
    pub value: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// One thing that an entry may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// It is one of these, the first [`SEARCH_POSITIONS_MAX`] of them.
    Entries(Vec<u64>),
    /// It is about this session.
    Session(SessionId),
    /// It is about this human or their sessions, or done by them.
    Developer(DeveloperId),
    /// It is about a session for this project.
    Project(ProjectId),
    /// Its type starts with this.
    Kind(String),
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries, oldest first.
    pub entries: Vec<FoundEntry>,
    /// From where to go on; none when the whole range was searched.
    pub next: Option<u64>,
}

/// An entry, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// Its place in the log, counted from 0.
    pub position: u64,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// Its leaf hash.
    pub leaf: Digest,
    /// The session it is about, if it is about one.
    pub session: Option<SessionId>,
    /// The human it is about, or whose session.
    pub developer: Option<DeveloperId>,
    /// The project of its session.
    pub project: Option<ProjectId>,
}

const SELECT: &str = "SELECT e.position, e.bytes, e.leaf, e.session, COALESCE(e.developer, s.developer), s.project
    FROM entries e LEFT JOIN sessions s ON s.id = e.session WHERE e.position >= $1 AND e.position < $2";

/// The condition of the index that leaves calls out, word by word.
const BUT_CALLS: &str = "type <> 'call.reserved' AND type <> 'call.settled'";

/// How much one search reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Entries that one statement reads through.
    pub(crate) window: u64,
    /// Entries that the search reads through.
    pub(crate) entries: u64,
    /// Bytes of entries returned, but for the last.
    pub(crate) bytes: usize,
}

const BOUNDS: Bounds = Bounds { window: SEARCH_WINDOW_ENTRIES, entries: SEARCH_ENTRIES_MAX, bytes: SEARCH_BYTES_MAX };

/// How the entries are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// All that may fit are known by name: one statement.
    Named,
    /// Those of calls cannot fit: they are not read.
    ButCalls,
    /// All are read, a window at a time.
    All,
}

/// The conditions of a query as SQL, and their values.
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Store {
    /// Entries that fit a query, oldest first. Reads through at most [`SEARCH_ENTRIES_MAX`] entries and returns at most
    /// [`SEARCH_BYTES_MAX`] bytes of them (one entry more), then says from where to go on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn search(&self, query: &EntryQuery) -> Result<EntryPage, StoreError> {
        self.search_within(query, BOUNDS).await
    }

    pub(crate) async fn search_within(&self, query: &EntryQuery, bounds: Bounds) -> Result<EntryPage, StoreError> {
        let plan = Plan::of(query);
        let end = self.next_position().await?;
        let end = query.until.map_or(end, |until| until.min(end));
        let limit = query.limit.clamp(1, ENTRIES_PER_READ_MAX);
        let (mut page, mut bytes, mut read) = (EntryPage::default(), 0, 0);
        let mut from = query.from;
        while from < end {
            if read >= bounds.entries {
                page.next = Some(from);
                return Ok(page);
            }
            let stop = self.window_end(plan, from, end, bounds.window).await?;
            for entry in self.window(query, plan, from, stop, limit - page.entries.len()).await? {
                bytes += entry.bytes.len();
                let position = entry.position;
                page.entries.push(entry);
                if page.entries.len() >= limit || bytes >= bounds.bytes {
                    page.next = Some(position + 1).filter(|next| *next < end);
                    return Ok(page);
                }
            }
            read += bounds.window;
            from = stop;
        }
        Ok(page)
    }

    /// The end of the window that starts at `from`.
    async fn window_end(&self, plan: Plan, from: u64, end: u64, window: u64) -> Result<u64, StoreError> {
        match plan {
            Plan::Named => Ok(end),
            Plan::All => Ok(end.min(from + window)),
            Plan::ButCalls => {
                let sql = format!(
                    "SELECT position FROM entries WHERE position >= $1 AND position < $2 AND {BUT_CALLS}
                        ORDER BY position LIMIT 1 OFFSET {window}"
                );
                let rows = self.fetch(composed(sql), vec![Value::count(from), Value::count(end)]).await?;
                rows.first().map_or(Ok(end), |row| row.count(0))
            }
        }
    }

    async fn window(
        &self,
        query: &EntryQuery,
        plan: Plan,
        from: u64,
        end: u64,
        limit: usize,
    ) -> Result<Vec<FoundEntry>, StoreError> {
        let conditions = Conditions::of(self.engine(), query, plan, from, end);
        let sql = format!("{SELECT}{} ORDER BY e.position LIMIT {limit}", conditions.sql);
        let rows = self.fetch(composed(sql), conditions.values).await?;
        rows.iter().map(FoundEntry::read).collect()
    }
}

impl Plan {
    fn of(query: &EntryQuery) -> Self {
        let is_named = |about: &About| matches!(about, About::Entries(_) | About::Session(_));
        let all_named = !query.about.is_empty() && query.about.iter().all(is_named);
        if query.session.is_some() || all_named {
            return Self::Named;
        }
        let is_without_calls = |about: &About| matches!(about, About::Kind(kind) if !may_be_call(kind));
        let all_without_calls = !query.about.is_empty() && query.about.iter().all(is_without_calls);
        let without_calls = all_without_calls || query.kind.as_deref().is_some_and(|kind| !may_be_call(kind));
        if without_calls { Self::ButCalls } else { Self::All }
    }
}

/// Whether entries of model calls may be of a type that starts with this.
fn may_be_call(kind: &str) -> bool {
    "call.reserved".starts_with(kind) || "call.settled".starts_with(kind)
}

impl Conditions {
    fn of(engine: Engine, query: &EntryQuery, plan: Plan, from: u64, end: u64) -> Self {
        let mut all = Self { sql: String::new(), values: vec![Value::count(from), Value::count(end)] };
        if plan == Plan::ButCalls {
            all.sql.push_str(" AND e.type <> 'call.reserved' AND e.type <> 'call.settled'");
        }
        let developer = query.developer.map(About::Developer);
        let project = query.project.map(About::Project);
        let session = query.session.map(About::Session);
        let kind = query.kind.clone().map(About::Kind);
        for about in [session, kind, developer, project].into_iter().flatten() {
            let condition = all.condition(&about);
            all.sql.push_str(&format!(" AND {condition}"));
        }
        let any: Vec<_> = query.about.iter().map(|about| all.condition(about)).collect();
        if !any.is_empty() {
            all.sql.push_str(&format!(" AND ({})", any.join(" OR ")));
        }
        if let Some(value) = &query.value {
            // A whole value of canonical JSON, for it stands between quotes.
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            let place = all.place(Value::from(quoted.into_bytes()));
            all.sql.push_str(&format!(" AND {} > 0", pool::index_of(engine, "e.bytes", &place)));
        }
        all
    }

    /// One condition; its values are added.
    fn condition(&mut self, about: &About) -> String {
        match about {
            About::Entries(positions) => {
                let positions = positions.iter().take(SEARCH_POSITIONS_MAX).map(|&position| Value::count(position));
                let places: Vec<_> = positions.map(|position| self.place(position)).collect();
                if places.is_empty() { "1 = 0".to_owned() } else { format!("e.position IN ({})", places.join(", ")) }
            }
            About::Session(id) => {
                let id = self.place(Value::text(id));
                format!(
                    "e.position IN (SELECT position FROM entries WHERE session = {id} AND session IS NOT NULL
                        AND {BUT_CALLS}
                    UNION ALL SELECT reserved_position FROM calls WHERE session = {id}
                    UNION ALL SELECT settled_position FROM calls WHERE session = {id} AND settled_at IS NOT NULL)"
                )
            }
            About::Developer(id) => {
                let id = self.place(Value::text(id));
                format!("(COALESCE(e.developer, s.developer) = {id} OR e.actor = {id})")
            }
            About::Project(id) => format!("s.project = {}", self.place(Value::text(id))),
            About::Kind(kind) => {
                let length = kind.chars().count();
                format!("SUBSTR(e.type, 1, {length}) = {}", self.place(Value::text(kind)))
            }
        }
    }

    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

impl FoundEntry {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: row.count(0)?,
            bytes: row.blob(1)?,
            leaf: row.parse(2)?,
            session: row.parse_or_null(3)?,
            developer: row.parse_or_null(4)?,
            project: row.parse_or_null(5)?,
        })
    }
}
