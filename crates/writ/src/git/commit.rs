//! What a commit says about itself, and what its signature proves.

use brokers::ssh::{CommitError, CommitSignature, SshPublicKey, verify_commit};

use super::Git;
use crate::command_error::CommandError;
use crate::limits::{COMMITS_TOLD_MAX, OBJECTS_LOOKED_AT_MAX};

/// A commit of a repository on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// Its full id.
    pub(crate) id: String,
    /// The object, as git keeps it.
    pub(crate) raw: Vec<u8>,
    /// The first line of its message.
    pub(crate) subject: String,
    /// Who is named as its author: a claim.
    pub(crate) author: String,
    /// The committer's date, RFC 3339: a claim.
    pub(crate) committed_at: String,
    /// Its trailers `Agent-Session`, in order: claims.
    pub(crate) sessions: Vec<String>,
    /// Its trailers `Agent-Developer`, in order: claims.
    pub(crate) developers: Vec<String>,
}

/// What a text means in a repository.
#[derive(Debug)]
pub(crate) enum Revision {
    /// This commit.
    Commit(Box<Commit>),
    /// The beginning of the ids of several.
    Ambiguous(Vec<Commit>),
    /// Nothing.
    Unknown,
}

/// Fields with a zero byte between: it stands in no commit.
const FORMAT: &str = "--format=%H%x00%an%x00%cI%x00%s%x00%(trailers:key=Agent-Session,valueonly,unfold)\
                      %x00%(trailers:key=Agent-Developer,valueonly,unfold)";

// === impl Git ===

impl Git {
    /// The commit that a text names here.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) async fn revision(&self, text: &str) -> Result<Revision, CommandError> {
        if text.starts_with('-') {
            return Ok(Revision::Unknown);
        }
        let peeled = format!("{text}^{{commit}}");
        let said = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled]).await?;
        if said.success {
            let commit = self.commit(said.text().trim()).await?;
            return Ok(commit.map_or(Revision::Unknown, |commit| Revision::Commit(Box::new(commit))));
        }
        let is_short_id = text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_short_id { self.commits_that_start_with(text).await } else { Ok(Revision::Unknown) }
    }

    /// Reads a commit by its full id; none if it is not here.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) async fn commit(&self, id: &str) -> Result<Option<Commit>, CommandError> {
        let raw = self.run(&["cat-file", "commit", id]).await?;
        let said = self.run(&["log", "-1", "--no-show-signature", FORMAT, id]).await?;
        if !raw.success || !said.success {
            return Ok(None);
        }
        let text = said.text();
        let mut fields = text.trim_end_matches('\n').split('\0');
        let mut field = || fields.next().unwrap_or_default().to_owned();
        let (id, author, committed_at, subject) = (field(), field(), field(), field());
        let (sessions, developers) = (lines(&field()), lines(&field()));
        Ok(Some(Commit { id, raw: raw.stdout, subject, author, committed_at, sessions, developers }))
    }

    async fn commits_that_start_with(&self, digits: &str) -> Result<Revision, CommandError> {
        let said = self.run(&["rev-parse", &format!("--disambiguate={digits}")]).await?;
        let mut commits = Vec::new();
        for id in said.text().lines().take(OBJECTS_LOOKED_AT_MAX) {
            if commits.len() == COMMITS_TOLD_MAX {
                break;
            }
            let kind = self.run(&["cat-file", "-t", id]).await?;
            if kind.text().trim() == "commit" {
                commits.extend(self.commit(id).await?);
            }
        }
        match commits.len() {
            0 => Ok(Revision::Unknown),
            1 => Ok(commits.pop().map_or(Revision::Unknown, |commit| Revision::Commit(Box::new(commit)))),
            _ => Ok(Revision::Ambiguous(commits)),
        }
    }
}

// === impl Commit ===

impl Commit {
    /// What its signature proves, by the first of these authorities that made the certificate.
    ///
    /// # Errors
    /// It proves nothing; why not.
    pub(crate) fn verify(&self, authorities: &[SshPublicKey]) -> Result<CommitSignature, CommitError> {
        let mut last = Err(CommitError::OtherAuthority);
        for authority in authorities {
            last = verify_commit(&self.raw, authority);
            if !matches!(last, Err(CommitError::OtherAuthority)) {
                return last;
            }
        }
        last
    }

    /// Whether it has a signature at all.
    pub(crate) fn is_signed(&self) -> bool {
        let head = self.raw.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
        head.into_iter().any(|line| line.starts_with(b"gpgsig"))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
