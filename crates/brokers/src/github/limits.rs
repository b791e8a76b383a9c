//! Bounds of what is asked of GitHub and believed of it, each with its unit and its reason.

use std::time::Duration;

use domain::Span;

/// One request for a token: two (see [`CLOCK_SKEW_NOTICED`]) and [`TAKE_BACK_MAX`] fit into the 20 seconds that control waits
/// for a broker.
pub(super) const MINT_REQUEST_MAX: Duration = Duration::from_secs(7);
/// Giving back a token that is not what was asked for.
pub(super) const TAKE_BACK_MAX: Duration = Duration::from_secs(5);
/// Life of an installation token: GitHub's, and no other can be asked for.
pub(super) const TOKEN_LIFE: Span = Span::from_secs(3600);
/// How far before now an App's statement says it was made, as GitHub advises against clocks that differ.
pub(super) const STATEMENT_BACKDATED: Span = Span::from_secs(60);
/// Life of an App's statement from then: GitHub refuses one that ends more than ten minutes after its own now.
pub(super) const STATEMENT_LIFE: Span = Span::from_secs(600);
/// Difference of two clocks that is not the reason for a refusal: less than [`STATEMENT_BACKDATED`].
pub(super) const CLOCK_SKEW_NOTICED: Span = Span::from_secs(30);
/// Difference of two clocks that is worked around; past it somebody must set one of them.
pub(super) const CLOCK_SKEW_MAX: Span = Span::from_secs(15 * 60);
/// How much longer than [`TOKEN_LIFE`] a token may say it lives: rounding, and the time that the answer took.
pub(super) const TOKEN_LIFE_SLACK: Span = Span::from_secs(60);
/// Characters of a token. GitHub's have about 520 since 2026 and had 40 before; it may grow further, but it must fit into
/// [`crate::limits::HANDLE_BYTES_MAX`].
pub(super) const TOKEN_CHARS_MAX: usize = 4 * 1024;
/// Bytes of GitHub's answer: it describes each repository in up to 8 kB, and there may be [`REPOSITORIES_MAX`].
pub(super) const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Repositories of one token: GitHub's bound.
pub(super) const REPOSITORIES_MAX: usize = 500;
/// Characters of a repository's name: GitHub's bound.
pub(super) const REPOSITORY_CHARS_MAX: usize = 100;
/// Permissions of one token: GitHub knows about seventy.
pub(super) const PERMISSIONS_MAX: usize = 128;
/// Characters of a permission's or an account's name: the longest of GitHub's has 49.
pub(super) const WORD_CHARS_MAX: usize = 64;
/// Characters of a host with its port, of an address and of a header's value: DNS names end at 253.
pub(super) const ADDRESS_CHARS_MAX: usize = 255;
/// Values told in an error: a handful helps, five hundred do not.
pub(super) const TOLD_MAX: usize = 8;
/// Pause that is believed when GitHub says how long to wait: its rate limits are per hour.
pub(super) const WAIT_TOLD_MAX: Duration = Duration::from_secs(3600);
