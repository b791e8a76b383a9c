//! What an export must fulfil: what its kind needs is there, what its kind does not know is not.

use std::time::Duration;

use control::limits::{EXPORT_BATCH_MAX, EXPORTS_MAX};
use control::settings::{CredentialSource, ExportFormat, ExportSettings, SinkSettings};

use super::check::{bad, check_url};
use super::keys::{self, Export, ExportKind, ExportStart};
use crate::command_error::CommandError;

/// What the control plane takes for these tables.
///
/// # Errors
/// Usage errors that name the field.
pub(super) fn settings(exports: &[Export]) -> Result<Vec<ExportSettings>, CommandError> {
    if exports.len() > EXPORTS_MAX {
        return Err(bad("exports", format!("{} exports, the limit is {EXPORTS_MAX}", exports.len())));
    }
    let mut settings: Vec<ExportSettings> = Vec::new();
    for (index, export) in exports.iter().enumerate() {
        let field = |key: &str| format!("exports[{index}].{key}");
        let checked = export_settings(export, &field)?;
        if settings.iter().any(|earlier| earlier.name == checked.name) {
            return Err(bad(&field("name"), format!("`{}` is used twice", checked.name)));
        }
        settings.push(checked);
    }
    Ok(settings)
}

fn export_settings(export: &Export, field: &dyn Fn(&str) -> String) -> Result<ExportSettings, CommandError> {
    let name = export.name.as_ref().ok_or_else(|| bad(&field("name"), "is missing"))?;
    let kind = export.kind.ok_or_else(|| bad(&field("kind"), "is missing"))?;
    check_keys(export, kind, field)?;
    Ok(ExportSettings {
        name: name.to_string(),
        sink: sink(export, kind, field)?,
        types: export.types.clone(),
        from_now: export.start == ExportStart::Next,
        retry_for: Duration::from_millis(export.retry_for.0.as_millis()),
    })
}

/// A key that means nothing for a kind is a mistake, not a wish.
fn check_keys(export: &Export, kind: ExportKind, field: &dyn Fn(&str) -> String) -> Result<(), CommandError> {
    use ExportKind::{File, Otlp, Syslog, Webhook};
    let has_secret = export.secret_file.is_some() || export.secret_env.is_some();
    for (key, is_set, kinds) in [
        ("url", export.url.is_some(), &[Webhook, Otlp][..]),
        ("path", export.path.is_some(), &[File]),
        ("address", export.address.is_some(), &[Syslog]),
        ("format", export.format.is_some(), &[Webhook, File]),
        ("secret_file", has_secret, &[Webhook, Otlp]),
        ("batch", export.batch != 1, &[Webhook]),
    ] {
        if is_set && !kinds.contains(&kind) {
            return Err(bad(&field(key), "does not belong to this kind of export"));
        }
    }
    Ok(())
}

fn sink(export: &Export, kind: ExportKind, field: &dyn Fn(&str) -> String) -> Result<SinkSettings, CommandError> {
    let missing = |key: &str| bad(&field(key), "is missing");
    let url = || {
        check_url(&field("url"), export.url.as_deref())?;
        export.url.clone().ok_or_else(|| missing("url"))
    };
    let secret = secret(export, field)?;
    Ok(match kind {
        ExportKind::Webhook => SinkSettings::Webhook {
            url: url()?,
            secret: secret.ok_or_else(|| bad(&field("secret_file"), "one of secret_file and secret_env is needed"))?,
            format: export.format.map_or(ExportFormat::CloudEvents, format),
            batch: batch(export, field)?,
        },
        ExportKind::Otlp => SinkSettings::Otlp { url: url()?, bearer: secret },
        ExportKind::Syslog => {
            let address = export.address.as_ref().ok_or_else(|| missing("address"))?;
            SinkSettings::Syslog { address: address.parse().map_err(|error: String| bad(&field("address"), error))? }
        }
        ExportKind::File => SinkSettings::File {
            path: export.path.clone().ok_or_else(|| missing("path"))?,
            format: export.format.map_or(ExportFormat::Ocsf, format),
        },
    })
}

fn secret(export: &Export, field: &dyn Fn(&str) -> String) -> Result<Option<CredentialSource>, CommandError> {
    match (&export.secret_file, &export.secret_env) {
        (Some(_), Some(_)) => Err(bad(&field("secret_file"), "only one of secret_file and secret_env can be given")),
        (Some(path), None) => Ok(Some(CredentialSource::File(path.clone()))),
        (None, Some(name)) => Ok(Some(CredentialSource::Env(name.clone()))),
        (None, None) => Ok(None),
    }
}

fn batch(export: &Export, field: &dyn Fn(&str) -> String) -> Result<usize, CommandError> {
    let batch = export.batch as usize;
    if (1..=EXPORT_BATCH_MAX).contains(&batch) {
        return Ok(batch);
    }
    Err(bad(&field("batch"), format!("{batch} events in one request, the limit is {EXPORT_BATCH_MAX}")))
}

fn format(format: keys::ExportFormat) -> ExportFormat {
    match format {
        keys::ExportFormat::Ocsf => ExportFormat::Ocsf,
        keys::ExportFormat::CloudEvents => ExportFormat::CloudEvents,
    }
}
