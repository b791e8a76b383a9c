//! `writ audit export`: a bundle as it comes, read along so that one that was cut on its way is not taken for whole.

use std::io::Write;
use std::path::Path;

use ledger::dossier::{Trust, Verdict, Verifier};
use tempfile::NamedTempFile;

use crate::cli::AuditExport;
use crate::client::{Download, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::clean;

/// Exports a bundle.
pub(super) async fn export(arguments: AuditExport) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let download = client.open(&query(&arguments)).await?;
    let (verdict, place) = match &arguments.output {
        Some(path) => (to_file(download, path).await?, format!("`{}`", path.display())),
        None => (copy(download, &mut std::io::stdout().lock()).await?, "standard output".to_owned()),
    };
    let (entries, size) = (verdict.subject.entries(), verdict.checkpoint.size());
    eprintln!("{entries} entries, proved against the checkpoint of {size}, written to {place}");
    Ok(Exit::Done)
}

fn query(arguments: &AuditExport) -> String {
    let pairs = [
        ("session", arguments.session.clone()),
        ("since", arguments.since.clone()),
        ("until", arguments.until.clone()),
        ("from", arguments.from.map(|from| from.to_string())),
        ("to", arguments.to.map(|to| to.to_string())),
    ];
    let given = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", escape(value.as_ref()?))));
    format!("/v1/audit/bundle?{}", given.collect::<Vec<_>>().join("&"))
}

/// Beside the target first, so that the target is whole or not there.
async fn to_file(download: Download, path: &Path) -> Result<Verdict, CommandError> {
    let failed = |error: &dyn std::error::Error| {
        CommandError::failed(format!("cannot write `{}`", path.display())).because(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let verdict = copy(download, &mut file).await?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(verdict)
}

async fn copy(mut download: Download, to: &mut impl Write) -> Result<Verdict, CommandError> {
    // Whom to believe is a question for whoever verifies it; here only what is sent is checked against itself.
    let mut verifier = Verifier::new(Trust::Enclosed);
    let flawed = |flaw: ledger::dossier::Flaw| {
        CommandError::failed(format!("what the server sent is no whole bundle: {}", clean(&flaw.to_string())))
            .hinted("try again; if it stays, run `writ audit fsck`")
    };
    while let Some(piece) = download.next().await? {
        verifier.push(&piece).map_err(flawed)?;
        to.write_all(&piece).map_err(|error| CommandError::failed("cannot write the bundle").because(&error))?;
    }
    let verdict = verifier.finish().map_err(flawed)?;
    to.flush().map_err(|error| CommandError::failed("cannot write the bundle").because(&error))?;
    Ok(verdict)
}
