//! Rows of sessions: every one that ever was, with its status and what its own calls came to.

use std::str::FromStr;

use domain::session::{How, Opened, Over};
use domain::{DeveloperId, Digest, Name, ProjectId, SessionId, TeamId, Time, Usd};

use crate::conn::composed;
use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// Live.
    Active,
    /// Live, but its launcher is silent.
    Suspect,
    /// Its agent exited, or the session it was opened from is over.
    Ended,
    /// Somebody cut it off.
    Revoked,
    /// Its time ran out, or its launcher stayed silent.
    Expired,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// The session it was opened from.
    pub parent: Option<SessionId>,
    /// The sub-agent of that session that it stands for (a claim).
    pub agent: Option<String>,
    /// The human it acts for.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team through which the developer works on the project.
    pub team: Option<TeamId>,
    /// Name of the permission profile.
    pub profile: Name,
    /// Digest of its token.
    pub token: Digest,
    /// When it was opened.
    pub opened_at: Time,
    /// When it expires by itself.
    pub expires_at: Time,
    /// Whether a launcher beats for it.
    pub beats: bool,
    /// The most it and its descendants may spend.
    pub budget: Option<Usd>,
    /// Where it stands.
    pub status: SessionStatus,
    /// When it was over, if it is.
    pub over_at: Option<Time>,
    /// How it came to be over, if it is.
    pub over_how: Option<How>,
    /// Its calls, open ones and those of its sub-agents included.
    pub calls: i64,
    /// What they cost.
    pub spent: Usd,
    /// What the open ones hold.
    pub held: Usd,
}

/// Which sessions to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only of this human.
    pub developer: Option<DeveloperId>,
    /// Only for this project.
    pub project: Option<ProjectId>,
    /// Only those that are not over.
    pub live_only: bool,
    /// Only the sub-agents of this one; none leaves all sub-agents out.
    pub sub_agents_of: Option<SessionId>,
    /// Only those with a smaller id: the next page.
    pub before: Option<SessionId>,
    /// At most this many.
    pub limit: u32,
}

/// A sum of a session's own calls and of those of its sub-agents.
macro_rules! with_sub_agents {
    ($sum:literal) => {
        concat!(
            "COALESCE(session_cost.",
            $sum,
            ", 0) + (SELECT CAST(COALESCE(SUM(below.",
            $sum,
            "), 0) AS BIGINT)
            FROM sessions AS child JOIN session_cost AS below ON below.session = child.id
            WHERE child.parent = sessions.id AND child.agent IS NOT NULL)"
        )
    };
}

/// Ends before the conditions.
const SELECT: &str = concat!(
    "SELECT id, parent, developer, project, team, profile, token, opened_at, expires_at, beats, budget, status, over_at,
    over_how, ",
    with_sub_agents!("calls"),
    ", ",
    with_sub_agents!("cost"),
    ", ",
    with_sub_agents!("held"),
    ", agent FROM sessions LEFT JOIN session_cost ON session_cost.session = sessions.id WHERE "
);

impl Store {
    /// Sessions that pass a filter, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRow>, StoreError> {
        self.listed(filter, None).await
    }

    /// Sessions with a larger id than `after` that pass a filter, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions_after(
        &self,
        after: SessionId,
        filter: &SessionFilter,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.listed(filter, Some(after)).await
    }

    async fn listed(&self, filter: &SessionFilter, after: Option<SessionId>) -> Result<Vec<SessionRow>, StoreError> {
        let mut values = vec![limit(filter.limit as usize)];
        let mut sql = format!("{SELECT} {}", if filter.live_only { "over_at IS NULL" } else { "1 = 1" });
        if filter.sub_agents_of.is_none() {
            sql.push_str(" AND agent IS NULL");
        }
        let conditions = [
            ("agent IS NOT NULL AND parent =", filter.sub_agents_of.map(Value::text)),
            ("developer =", filter.developer.map(Value::text)),
            ("project =", filter.project.map(Value::text)),
            ("id <", filter.before.map(Value::text)),
            ("id >", after.map(Value::text)),
        ];
        for (condition, value) in conditions {
            let Some(value) = value else { continue };
            values.push(value);
            sql.push_str(&format!(" AND {condition} ${}", values.len()));
        }
        sql.push_str(if after.is_some() { " ORDER BY id LIMIT $1" } else { " ORDER BY id DESC LIMIT $1" });
        let rows = self.fetch(composed(sql), values).await?;
        rows.iter().map(SessionRow::read).collect()
    }

    /// One session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        self.one_session("id = $1", Value::text(id)).await
    }

    /// The session whose token has this digest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_by_token(&self, token: &Digest) -> Result<Option<SessionRow>, StoreError> {
        self.one_session("token = $1", token.into()).await
    }

    async fn one_session(&self, condition: &str, value: Value) -> Result<Option<SessionRow>, StoreError> {
        let rows = self.fetch(composed(format!("{SELECT} {condition}")), vec![value]).await?;
        rows.first().map(SessionRow::read).transpose()
    }
}

impl SessionRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let how = row.text_or_null(13)?;
        let how = how.map(|how| serde_json::from_str(&how)).transpose();
        Ok(Self {
            id: row.parse(0)?,
            parent: row.parse_or_null(1)?,
            developer: row.parse(2)?,
            project: row.parse_or_null(3)?,
            team: row.parse_or_null(4)?,
            profile: row.parse(5)?,
            token: row.parse(6)?,
            opened_at: row.time(7)?,
            expires_at: row.time(8)?,
            beats: row.bool(9)?,
            budget: row.usd_or_null(10)?,
            status: row.parse(11)?,
            over_at: row.time_or_null(12)?,
            over_how: how.map_err(|_| StoreError::corrupt("how a session ended cannot be read"))?,
            calls: row.int(14)?,
            spent: row.usd(15)?,
            held: row.usd(16)?,
            agent: row.text_or_null(17)?,
        })
    }
}

impl SessionStatus {
    const ALL: [Self; 5] = [Self::Active, Self::Suspect, Self::Ended, Self::Revoked, Self::Expired];

    /// The status's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspect => "suspect",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// A child that went with its parent ended; its parent's row says more.
    const fn after(how: &How) -> Self {
        match how {
            How::Ended { .. } | How::ParentOver { .. } => Self::Ended,
            How::Revoked { .. } => Self::Revoked,
            How::ReachedExpiry | How::MissedBeats => Self::Expired,
        }
    }
}

impl FromStr for SessionStatus {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let unknown = || StoreError::corrupt("a session has an unknown status");
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(unknown)
    }
}

pub(crate) async fn opened(transaction: &mut Transaction, event: &Opened, at: Time) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (id, parent, developer, project, team, profile, token, opened_at, expires_at,
        beats, budget, agent, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active')";
    let values = vec![
        Value::text(event.session),
        Value::text_or_null(event.parent),
        Value::text(event.developer),
        Value::text_or_null(event.project),
        Value::text_or_null(event.team),
        Value::text(&event.profile),
        (&event.token).into(),
        at.into(),
        event.expires_at.into(),
        event.beats.into(),
        Value::Int(event.budget.map(Usd::nanos)),
        Value::Text(event.agent.clone()),
    ];
    transaction.execute(sql, values).await.map(drop)
}

pub(crate) async fn suspected(transaction: &mut Transaction, id: SessionId, suspect: bool) -> Result<(), StoreError> {
    let status = if suspect { SessionStatus::Suspect } else { SessionStatus::Active };
    let sql = "UPDATE sessions SET status = $2 WHERE id = $1 AND over_at IS NULL";
    transaction.execute(sql, vec![Value::text(id), Value::text(status.as_str())]).await.map(drop)
}

/// Revocation wins: only the first end counts. The session's beats go with it.
pub(crate) async fn over(transaction: &mut Transaction, event: &Over, at: Time) -> Result<(), StoreError> {
    let unwritable = |_| StoreError::corrupt("how a session ended cannot be written");
    let how = serde_json::to_string(&event.how).map_err(unwritable)?;
    let status = SessionStatus::after(&event.how).as_str();
    let values = vec![Value::text(event.session), Value::text(status), at.into(), Value::Text(Some(how))];
    let sql = "UPDATE sessions SET status = $2, over_at = $3, over_how = $4 WHERE id = $1 AND over_at IS NULL";
    transaction.execute(sql, values).await?;
    let values = vec![Value::text(event.session)];
    transaction.execute("DELETE FROM beats WHERE session = $1", values).await.map(drop)
}
