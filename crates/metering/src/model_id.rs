//! Model ids as platforms spell them, brought back to the id the price book knows.
//!
//! Bedrock: `us.anthropic.claude-opus-5-5-v1:0`, also as the tail of an ARN; Vertex: `claude-…@20251001`;
//! Claude Code: a `[1m]` suffix for the large window.

/// Where a request is served, as far as the model id says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// First party, or a platform's global endpoint: no premium.
    #[default]
    Global,
    /// A platform's regional or multi-region endpoint.
    Regional,
    /// A platform's US government endpoint.
    Government,
}

const REGIONAL: [&str; 6] = ["us.", "eu.", "jp.", "au.", "apac.", "ca."];

/// An id without its platform's additions, and the region they name.
pub(crate) fn split(id: &str) -> (&str, Region) {
    let id = id.rsplit('/').next().unwrap_or(id);
    let id = id.strip_suffix("[1m]").unwrap_or(id);
    let (id, region) = split_region(id);
    let id = id.strip_prefix("anthropic.").unwrap_or(id);
    let id = id.split('@').next().unwrap_or(id);
    (strip_revision(id), region)
}

fn split_region(id: &str) -> (&str, Region) {
    if let Some(rest) = id.strip_prefix("us-gov.") {
        return (rest, Region::Government);
    }
    if let Some(rest) = id.strip_prefix("global.") {
        return (rest, Region::Global);
    }
    match REGIONAL.iter().find_map(|prefix| id.strip_prefix(prefix)) {
        Some(rest) => (rest, Region::Regional),
        None => (id, Region::Global),
    }
}

/// Without Bedrock's `-v1:0` or `-v1`.
fn strip_revision(id: &str) -> &str {
    let base = id.split(':').next().unwrap_or(id);
    match base.rsplit_once("-v") {
        Some((rest, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => base,
    }
}

/// Without a snapshot date: `claude-opus-4-5-20251101` is `claude-opus-4-5`.
pub(crate) fn without_date(id: &str) -> Option<&str> {
    let (rest, date) = id.rsplit_once('-')?;
    (date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Region, split, without_date};

    #[test]
    fn platform_spellings_are_undone() {
        let cases = [
            ("claude-opus-5-5", "claude-opus-5-5", Region::Global),
            ("claude-opus-5-5[1m]", "claude-opus-5-5", Region::Global),
            ("anthropic.claude-opus-5-5", "claude-opus-5-5", Region::Global),
            ("global.anthropic.claude-opus-5-5", "claude-opus-5-5", Region::Global),
            ("us.anthropic.claude-opus-5-5-v1:0", "claude-opus-5-5", Region::Regional),
            ("us-gov.anthropic.claude-sonnet-4-5", "claude-sonnet-4-5", Region::Government),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5", Region::Global),
            ("claude-opus-4-6@default", "claude-opus-4-6", Region::Global),
            (
                "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5-v2",
                "claude-opus-5",
                Region::Regional,
            ),
        ];
        for (id, name, region) in cases {
            assert_eq!(split(id), (name, region), "{id}");
        }
    }

    #[test]
    fn dates_are_cut() {
        assert_eq!(without_date("claude-opus-4-5-20251101"), Some("claude-opus-4-5"));
        assert_eq!(without_date("claude-opus-4-5"), None);
    }
}
