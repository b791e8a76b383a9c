//! Rows of calls: inserted when reserved, completed when settled.

mod changes;

use domain::call::{Outcome, Quality};
use domain::{CallId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, TeamId, Time, Usage, Usd};

pub(crate) use changes::CallChanges;

use crate::conn::composed;
use crate::limits::{
    CALL_AFTER_REQUEST, CALL_AFTER_REQUEST_MAX, CALLS_PER_REQUEST_SEARCH_MAX, CALLS_READ_FOR_PROGRAMS, CLOCK_STEP_MAX,
};
use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

/// One model call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// Under which session.
    pub session: SessionId,
    /// The human.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team through which the developer works on the project.
    pub team: Option<TeamId>,
    /// The model asked for.
    pub model: String,
    /// Which process carries it.
    pub node: NodeId,
    /// When it was reserved: the window it is charged to.
    pub reserved_at: Time,
    /// The money held when it was reserved.
    pub hold: Usd,
    /// The client's own session id (a claim).
    pub client_session: Option<String>,
    /// The sub-agent that calls (a claim).
    pub agent: Option<String>,
    /// The program that calls (a claim).
    pub user_agent: Option<String>,
    /// The HTTP request it came with.
    pub request: Option<RequestId>,
    /// When it was settled; none while it is open, and then all below is none or zero.
    pub settled_at: Option<Time>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What it costs by contract.
    pub cost: Option<Usd>,
    /// What it costs by list price.
    pub list: Option<Usd>,
    /// How well the cost is known.
    pub quality: Option<Quality>,
    /// Whether the model was missing from the price book.
    pub unpriced: bool,
    /// The model that answered.
    pub model_served: Option<String>,
    /// The upstream's HTTP status.
    pub status: Option<u16>,
    /// The upstream that answered.
    pub upstream: Option<String>,
    /// The upstream's own request id.
    pub upstream_request: Option<String>,
    /// What it used.
    pub usage: Usage,
}

/// Which calls to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only of this session and its sub-agents.
    pub session: Option<SessionId>,
    /// Only those not settled.
    pub open_only: bool,
    /// Only those with a smaller id: the next page.
    pub before: Option<CallId>,
    /// At most this many.
    pub limit: u32,
}

/// Where the log speaks of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallPositions {
    /// The entry that reserved it.
    pub reserved: u64,
    /// The entry that settled it, if it is settled.
    pub settled: Option<u64>,
}

/// Ends before the conditions.
const SELECT: &str = "SELECT id, session, developer, project, team, model, node, reserved_at, hold,
    client_session, agent, user_agent, request, settled_at, outcome, cost, list, quality, COALESCE(unpriced, 0),
    model_served, status, upstream, upstream_request, COALESCE(input_tokens, 0), COALESCE(cache_write_5m_tokens, 0),
    COALESCE(cache_write_1h_tokens, 0), COALESCE(cache_read_tokens, 0), COALESCE(output_tokens, 0),
    COALESCE(web_searches, 0) FROM calls WHERE ";

impl Store {
    /// Calls that pass a filter, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRow>, StoreError> {
        let mut values = vec![limit(filter.limit as usize)];
        let mut sql = format!("{SELECT} {}", if filter.open_only { "settled_at IS NULL" } else { "1 = 1" });
        if let Some(session) = filter.session {
            values.push(Value::text(session));
            sql.push_str(&format!(" AND {}", of_session("session", values.len())));
        }
        if let Some(before) = filter.before {
            values.push(Value::text(before));
            sql.push_str(&format!(" AND id < ${}", values.len()));
        }
        sql.push_str(" ORDER BY id DESC LIMIT $1");
        let rows = self.fetch(composed(sql), values).await?;
        rows.iter().map(CallRow::read).collect()
    }

    /// One call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn call(&self, id: CallId) -> Result<Option<CallRow>, StoreError> {
        let rows = self.fetch(composed(format!("{SELECT} id = $1")), vec![Value::text(id)]).await?;
        rows.first().map(CallRow::read).transpose()
    }

    /// The call that an HTTP request made. Requests of calls have no index, for there are many: the call is looked for
    /// among those made from shortly before the request to [`CALL_AFTER_REQUEST_MAX`] after it, the first
    /// [`CALLS_PER_REQUEST_SEARCH_MAX`] of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn call_of_request(&self, request: RequestId) -> Result<Option<CallRow>, StoreError> {
        let made = request.made_at();
        // Nearly always at once; a body may take its time.
        for after in [CALL_AFTER_REQUEST, CALL_AFTER_REQUEST_MAX] {
            let from = CallId::new(made - CLOCK_STEP_MAX, 0);
            let end = CallId::new(made + after, 0);
            let values = vec![Value::text(from), Value::text(end), Value::text(request)];
            let sql = format!(
                "SELECT id FROM (SELECT id, request FROM calls WHERE id >= $1 AND id < $2 ORDER BY id
                    LIMIT {CALLS_PER_REQUEST_SEARCH_MAX}) AS near WHERE request = $3 LIMIT 1"
            );
            let rows = self.fetch(composed(sql), values).await?;
            if let Some(row) = rows.first() {
                return self.call(row.parse(0)?).await;
            }
        }
        Ok(None)
    }

    /// Where the log speaks of a call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn call_positions(&self, id: CallId) -> Result<Option<CallPositions>, StoreError> {
        let sql = "SELECT reserved_position, settled_position FROM calls WHERE id = $1";
        let rows = self.fetch(sql, vec![Value::text(id)]).await?;
        let read = |row: &Row| {
            let settled = row.int_or_null(1)?.map(|_| row.count(1)).transpose()?;
            Ok(CallPositions { reserved: row.count(0)?, settled })
        };
        rows.first().map(read).transpose()
    }

    /// The programs that a session's newest calls say made them (claims), of the newest
    /// [`CALLS_READ_FOR_PROGRAMS`] calls.
    ///
    /// # Errors
    /// The database failed.
    pub async fn user_agents(&self, session: SessionId, limit: usize) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT user_agent FROM (SELECT user_agent FROM calls WHERE session = $1 ORDER BY id DESC
                LIMIT {CALLS_READ_FOR_PROGRAMS}) AS newest WHERE user_agent IS NOT NULL ORDER BY user_agent LIMIT $2"
        );
        let rows = self.fetch(composed(sql), vec![Value::text(session), self::limit(limit)]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}

/// That a column names a session or one of its sub-agents.
pub(crate) fn of_session(column: &str, value: usize) -> String {
    format!(
        "{column} IN (SELECT id FROM sessions AS itself WHERE itself.id = ${value} UNION ALL
        SELECT id FROM sessions AS below WHERE below.parent = ${value} AND below.agent IS NOT NULL)"
    )
}

impl CallRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let status = row.int_or_null(20)?.map(u16::try_from).transpose();
        Ok(Self {
            id: row.parse(0)?,
            session: row.parse(1)?,
            developer: row.parse(2)?,
            project: row.parse_or_null(3)?,
            team: row.parse_or_null(4)?,
            model: row.text(5)?,
            node: row.parse(6)?,
            reserved_at: row.time(7)?,
            hold: row.usd(8)?,
            client_session: row.text_or_null(9)?,
            agent: row.text_or_null(10)?,
            user_agent: row.text_or_null(11)?,
            request: row.parse_or_null(12)?,
            settled_at: row.time_or_null(13)?,
            outcome: row.word_or_null(14)?,
            cost: row.usd_or_null(15)?,
            list: row.usd_or_null(16)?,
            quality: row.word_or_null(17)?,
            unpriced: row.bool(18)?,
            model_served: row.text_or_null(19)?,
            status: status.map_err(|_| StoreError::corrupt("a call has an impossible status"))?,
            upstream: row.text_or_null(21)?,
            upstream_request: row.text_or_null(22)?,
            usage: read_usage(row, 23)?,
        })
    }
}

/// Reads the six usage columns from `first` on.
pub(crate) fn read_usage(row: &Row, first: usize) -> Result<Usage, StoreError> {
    Ok(Usage {
        input_tokens: row.count(first)?,
        cache_write_5m_tokens: row.count(first + 1)?,
        cache_write_1h_tokens: row.count(first + 2)?,
        cache_read_tokens: row.count(first + 3)?,
        output_tokens: row.count(first + 4)?,
        web_searches: row.count(first + 5)?,
    })
}

/// Pushes the six usage columns.
pub(crate) fn push_usage(values: &mut Vec<Value>, usage: &Usage) {
    values.extend(
        [
            usage.input_tokens,
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
            usage.cache_read_tokens,
            usage.output_tokens,
            usage.web_searches,
        ]
        .map(Value::count),
    );
}
