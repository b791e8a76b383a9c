//! Plain variables: what a target's clients need that is no secret. The secret ones are set by `writ credential exec` for one
//! command, never for the session.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Prepared, Site, Unprepared, Wired};

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// Names and values.
    #[serde(default)]
    plain: BTreeMap<String, String>,
}

/// Variables that lead programs to run something, or writ's own: no target is to set them for a whole session.
const NEVER: [&str; 12] = [
    "BASH_ENV",
    "ENV",
    "HOME",
    "IFS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "PATH",
    "PERL5OPT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "SHELL",
];

/// Sets them.
pub(super) async fn prepare(wired: &[Wired<'_>], _site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    for wired in wired {
        let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
        for (name, value) in how.plain {
            let leads =
                ["WRIT_", "ANTHROPIC_", "CLAUDE_", "DYLD_", "GIT_"].iter().any(|prefix| name.starts_with(prefix));
            if leads
                || NEVER.contains(&name.as_str())
                || name.is_empty()
                || name.contains(['=', '\0'])
                || value.contains('\0')
            {
                return Err(Unprepared(format!(
                    "{} sets `{name}`, which is not a target's to set",
                    wired.grant.name()
                )));
            }
            prepared.set(&name, value);
        }
    }
    Ok(())
}
