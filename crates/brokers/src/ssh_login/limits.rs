//! Bounds of the broker for logging in, each with its unit and its reason.

use domain::Span;

/// Life of a certificate when nobody says: a running connection outlives it, so it only has to last for logging in.
pub(super) const LIFE_DEFAULT: Span = Span::from_secs(5 * 60);
/// Longest life of a certificate: hosts that miss the list of revocations still refuse it after an hour.
pub(super) const LIFE_MAX: Span = Span::from_secs(3600);
/// Shortest life of a certificate that can be asked for: below this a login on a slow line may come too late.
pub(super) const LIFE_MIN: Span = Span::from_secs(1);
/// How long before it was made a certificate counts already, when nobody says: a host's clock may be late.
pub(super) const BACKDATED_DEFAULT: Span = Span::from_secs(5 * 60);
/// The most that can be set: a host whose clock is later than this is out of order.
pub(super) const BACKDATED_MAX: Span = Span::from_secs(30 * 60);
/// Characters of a principal: the name of an account or a role.
pub(super) const PRINCIPAL_CHARS_MAX: usize = 64;
/// Commands among which a grant chooses.
pub(super) const COMMANDS_MAX: usize = 16;
/// Networks from which a certificate is taken: with commas they fit into one critical option.
pub(super) const NETWORKS_MAX: usize = 16;
/// Patterns of hosts of one target.
pub(super) const HOSTS_MAX: usize = 32;
/// Characters of a pattern of hosts: a name of the DNS has at most 253.
pub(super) const HOST_CHARS_MAX: usize = 253;
/// Characters of the developer's name in a key id.
pub(super) const DEVELOPER_CHARS_MAX: usize = 128;
