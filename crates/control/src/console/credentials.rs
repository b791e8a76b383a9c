//! Credentials: first of all what is to be dead and is not known to be, then what lives.

use askama::Template;

use super::frame::{Frame, Place, Shell};
use super::{Badge, Link, Moment};

/// What the page shows. Both lists are bounded by the handler; [`CredentialsPage::older`] leads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsPage {
    /// Who looks.
    pub frame: Frame,
    /// Which were asked for.
    pub show: Show,
    /// Only of this session; empty for all.
    pub session: String,
    /// Only of this broker; empty for all.
    pub broker: String,
    /// Names of brokers to choose from, for those who may see them.
    pub brokers: Vec<String>,
    /// What is to be dead and is not known to be, newest first.
    pub unrevoked: Vec<UnrevokedRow>,
    /// Address of the next page of those.
    pub more_unrevoked: Option<String>,
    /// The others that were asked for, newest first.
    pub rows: Vec<CredentialRow>,
    /// Address of the next page.
    pub older: Option<String>,
}

/// Which credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Show {
    /// Those that are not known to be dead.
    #[default]
    Live,
    /// Only those that are to be dead and are not.
    Unrevoked,
    /// The dead too.
    All,
}

/// A credential that is to be dead and is not known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrevokedRow {
    /// Its id.
    pub id: String,
    /// `broker/target`.
    pub place: String,
    /// Whose session, and its page.
    pub session: Link,
    /// That session's human, by sign-in name.
    pub developer: String,
    /// Why it is to be dead, as the API spells it: `session_over`, …
    pub cause: &'static str,
    /// Since when.
    pub since: Moment,
    /// What stands in the way; none while the first try is under way.
    pub waiting: Option<Waiting>,
    /// The log says that it cannot be ended.
    pub is_stalled: bool,
    /// Until when it lives at most.
    pub until: Moment,
}

/// What stands in the way of ending a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What went wrong last.
    pub error: String,
    /// How often it was tried: made by [`super::count`].
    pub attempts: String,
    /// When it is tried again.
    pub next: Moment,
}

/// One credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Its id.
    pub id: String,
    /// `broker/target`.
    pub place: String,
    /// Its session, and that one's page.
    pub session: Link,
    /// That session's human, by sign-in name.
    pub developer: String,
    /// What it is good for: `repositories=api,web`; empty when its target alone decides.
    pub scope: String,
    /// Made by [`Badge::credential`].
    pub status: Badge,
    /// Why it was never made, if that is so.
    pub not_made: Option<String>,
    /// When it stops working by itself.
    pub expires: Moment,
    /// When it was found dead.
    pub over: Option<Moment>,
    /// The names it has elsewhere.
    pub names: Vec<KnownAs>,
}

/// A name under which a credential is known elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// What kind of name, as the API spells it: `aws_access_key`.
    pub kind: String,
    /// The name.
    pub value: String,
}

#[derive(Template)]
#[template(path = "credentials.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a CredentialsPage,
}

/// A table of credentials.
#[derive(Template)]
#[template(path = "credentials_table.html")]
pub(super) struct Table<'a> {
    pub(super) caption: &'static str,
    pub(super) rows: &'a [CredentialRow],
    /// Whose they are is said elsewhere on the page.
    pub(super) of_one_session: bool,
}

/// `GET /credentials`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn credentials_page(view: &CredentialsPage) -> Result<String, askama::Error> {
    Page { shell: Shell::new(Some(&view.frame), Place::Credentials), view }.render()
}

// === impl Show ===

impl Show {
    /// All of them, as the page offers them.
    pub const ALL: [Self; 3] = [Self::Live, Self::Unrevoked, Self::All];

    /// As it stands in the page's address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Unrevoked => "unrevoked",
            Self::All => "all",
        }
    }
}

// === impl Page ===

impl Page<'_> {
    /// Whether ending any of them failed so far: what only just became due is no alarm.
    fn is_alarm(&self) -> bool {
        self.view.unrevoked.iter().any(|row| row.is_stalled || row.waiting.is_some())
    }

    fn table(&self) -> Table<'_> {
        let caption = if self.view.show == Show::All { "All credentials" } else { "Live credentials" };
        Table { caption, rows: &self.view.rows, of_one_session: false }
    }
}

// === impl UnrevokedRow ===

impl UnrevokedRow {
    /// The cause in words.
    fn why(&self) -> String {
        match self.cause {
            "session_over" => "its session is over".to_owned(),
            "grant_changed" => "its grant was changed".to_owned(),
            "broker_off" => "its broker was switched off".to_owned(),
            "asked" => "somebody had it revoked".to_owned(),
            "node_lost" => "the process that was to have it made is lost".to_owned(),
            other => other.replace('_', " "),
        }
    }
}

// === impl KnownAs ===

impl KnownAs {
    /// The kind in words.
    fn words(&self) -> String {
        self.kind.replace('_', " ")
    }
}
