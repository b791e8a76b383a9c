//! Who a relying party sees: a subject made from a template, the same for all sessions of one kind.
//!
//! The default names the project by its id, which never changes, and the permission profile. A session's own id does not
//! belong there: Entra takes 20 federated credentials per application, one for each exact subject, and Ceph's RGW keeps a
//! user for each subject it ever saw. It is in `jti`, in tags and in the source identity.

use std::fmt;
use std::str::FromStr;

use domain::{DeveloperId, Name, ProjectId, SessionId, TeamId};

use super::limits::{SUBJECT_CHARS_MAX, SUBJECT_CHARS_MIN, SUBJECT_TEMPLATE_CHARS_MAX};

/// The template when nobody says.
const DEFAULT: &str = "project:{project.id}:profile:{profile}";

/// A template for subjects, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTemplate {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    ProjectId,
    ProjectName,
    Profile,
    DeveloperId,
    SessionId,
    TeamId,
}

/// What a session brings to a subject.
#[derive(Debug, Clone, Copy)]
pub struct SubjectParts<'a> {
    /// Its project.
    pub project: Option<(ProjectId, &'a Name)>,
    /// Its permission profile.
    pub profile: &'a Name,
    /// The human.
    pub developer: DeveloperId,
    /// The session.
    pub session: SessionId,
    /// The team through which the human works on the project.
    pub team: Option<TeamId>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectTemplateError {
    /// No such placeholder.
    #[error("`{{{0}}}` is not known: known are {all}", all = known())]
    Unknown(String),
    /// A brace without its other half.
    #[error("a `{{` or `}}` stands alone")]
    Brace,
    /// A character that a relying party could read in another way.
    #[error("a subject has visible ASCII characters only, without quotes, backslashes and `*`")]
    Character,
    /// Two values run into each other.
    #[error(
        "`{{{0}}}` and `{{{1}}}` run into each other: part them by a character that no name has, such as `:` or `/`"
    )]
    Ambiguous(&'static str, &'static str),
    /// Always the same.
    #[error("it names no part of a session: known are {all}", all = known())]
    Constant,
    /// Too long to be one.
    #[error("it is longer than {SUBJECT_TEMPLATE_CHARS_MAX} characters")]
    TooLong,
}

/// Why a session has no subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It lacks what the template names.
    #[error("the subject is made from `{{{0}}}`, and this session has none: open one for a project")]
    Missing(&'static str),
    /// Relying parties do not take it.
    #[error(
        "the subject `{0}` has {count} characters, relying parties take {SUBJECT_CHARS_MIN} to {SUBJECT_CHARS_MAX}",
        count = .0.len()
    )]
    Length(String),
}

// === impl SubjectTemplate ===

impl SubjectTemplate {
    /// The subject of a session.
    ///
    /// # Errors
    /// The session lacks something, or the subject is too short or too long.
    pub fn render(&self, parts: &SubjectParts<'_>) -> Result<String, SubjectError> {
        let mut subject = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => subject.push_str(text),
                Piece::Value(placeholder) => subject.push_str(&placeholder.value(parts)?),
            }
        }
        // Only ASCII is in it, so bytes are characters.
        if !(SUBJECT_CHARS_MIN..=SUBJECT_CHARS_MAX).contains(&subject.len()) {
            return Err(SubjectError::Length(subject));
        }
        Ok(subject)
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What may go wrong with it at a relying party, one sentence each.
    pub fn warnings(&self) -> Vec<&'static str> {
        let names = |placeholder| self.pieces.contains(&Piece::Value(placeholder));
        let mut warnings = Vec::new();
        if names(Placeholder::SessionId) {
            warnings.push(
                "it names the session: Entra takes 20 subjects per application, and Ceph keeps a user for every subject \
                 for ever",
            );
        }
        if names(Placeholder::ProjectName) && !names(Placeholder::ProjectId) {
            warnings.push("it names the project by its name, and only `{project.id}` never changes");
        }
        warnings
    }
}

impl Default for SubjectTemplate {
    fn default() -> Self {
        // INVARIANT: the default is a template; a test parses it.
        DEFAULT.parse().unwrap_or(Self { text: String::new(), pieces: Vec::new() })
    }
}

impl fmt::Display for SubjectTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SubjectTemplate {
    type Err = SubjectTemplateError;

    fn from_str(text: &str) -> Result<Self, SubjectTemplateError> {
        if text.len() > SUBJECT_TEMPLATE_CHARS_MAX {
            return Err(SubjectTemplateError::TooLong);
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'\'' | b'`' | b'*');
        if !text.bytes().all(plain) {
            return Err(SubjectTemplateError::Character);
        }
        let pieces = pieces(text)?;
        check_parted(&pieces)?;
        if !pieces.iter().any(|piece| matches!(piece, Piece::Value(_))) {
            return Err(SubjectTemplateError::Constant);
        }
        Ok(Self { text: text.to_owned(), pieces })
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, SubjectTemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
        if before.contains('}') {
            return Err(SubjectTemplateError::Brace);
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        if before.len() == rest.len() {
            break;
        }
        let (name, behind) = after.split_once('}').ok_or(SubjectTemplateError::Brace)?;
        if name.contains('{') {
            return Err(SubjectTemplateError::Brace);
        }
        pieces.push(Piece::Value(name.parse()?));
        rest = behind;
    }
    Ok(pieces)
}

/// Whoever chooses one name must not be able to write the next one too: of `{project.name}-{profile}` the project `a-b`
/// with the profile `c` would be the project `a` with the profile `b-c`.
fn check_parted(pieces: &[Piece]) -> Result<(), SubjectTemplateError> {
    let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let mut last: Option<Placeholder> = None;
    for piece in pieces {
        match piece {
            Piece::Text(text) if text.bytes().all(in_names) => {}
            Piece::Text(_) => last = None,
            Piece::Value(value) => {
                if let Some(last) = last.replace(*value) {
                    return Err(SubjectTemplateError::Ambiguous(last.name(), value.name()));
                }
            }
        }
    }
    Ok(())
}

fn known() -> String {
    Placeholder::ALL.map(|placeholder| format!("`{{{}}}`", placeholder.name())).join(", ")
}

// === impl Placeholder ===

impl Placeholder {
    const ALL: [Self; 6] =
        [Self::ProjectId, Self::ProjectName, Self::Profile, Self::DeveloperId, Self::SessionId, Self::TeamId];

    const fn name(self) -> &'static str {
        match self {
            Self::ProjectId => "project.id",
            Self::ProjectName => "project.name",
            Self::Profile => "profile",
            Self::DeveloperId => "developer.id",
            Self::SessionId => "session.id",
            Self::TeamId => "team.id",
        }
    }

    fn value(self, parts: &SubjectParts<'_>) -> Result<String, SubjectError> {
        let value = match self {
            Self::ProjectId => parts.project.map(|(id, _)| id.to_string()),
            Self::ProjectName => parts.project.map(|(_, name)| name.to_string()),
            Self::Profile => Some(parts.profile.to_string()),
            Self::DeveloperId => Some(parts.developer.to_string()),
            Self::SessionId => Some(parts.session.to_string()),
            Self::TeamId => parts.team.map(|id| id.to_string()),
        };
        value.ok_or(SubjectError::Missing(self.name()))
    }
}

impl FromStr for Placeholder {
    type Err = SubjectTemplateError;

    fn from_str(name: &str) -> Result<Self, SubjectTemplateError> {
        let found = Self::ALL.into_iter().find(|placeholder| placeholder.name() == name);
        found.ok_or_else(|| SubjectTemplateError::Unknown(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
