//! Bounds of the AWS broker, each with its unit and its reason.

use std::time::Duration;

use domain::Span;

/// The shortest life of a role session that STS gives: AssumeRole, `DurationSeconds`.
pub(super) const LIFE_MIN: Span = Span::from_secs(900);
/// The longest: a role's `MaxSessionDuration` is at most 12 hours.
pub(super) const LIFE_MAX: Span = Span::from_secs(43_200);
/// The life when nobody says, and the longest when nobody says: a role's `MaxSessionDuration` unless it was raised.
pub(super) const LIFE_DEFAULT: Span = Span::from_secs(3600);
/// The longest life of a role session that another role session asked for ("role chaining"); longer is refused by STS.
pub(super) const LIFE_CHAINED_MAX: Span = Span::from_secs(3600);
/// How long writ's token for STS counts: it is used at once.
pub(super) const TOKEN_LIFE: Span = Span::from_secs(300);
/// How far a target's clock may be from writ's before its answers are refused: AWS itself refuses signatures that are
/// more than 15 minutes off. Denies are kept that much longer than the credential.
pub(super) const CLOCK_SKEW_MAX: Span = Span::from_secs(900);

/// Characters of a session policy as STS counts them: AssumeRole, `Policy`.
pub(super) const SESSION_POLICY_CHARS_MAX: usize = 2048;
/// Session policies of one target: its settings are one entry of the log.
pub(super) const POLICIES_MAX: usize = 32;
/// Characters of a session tag's value: STS, `Tag`.
pub(super) const TAG_CHARS_MAX: usize = 256;
/// Characters of an audience: IAM takes client ids of up to 255.
pub(super) const AUDIENCE_CHARS_MAX: usize = 255;
/// How long a role that ends credentials is kept before it is asked for again: a third of its life is left then.
pub(super) const REVOKER_KEPT: Span = Span::from_secs(600);
/// Characters of an ARN, or of an address, in the settings.
pub(super) const SETTING_CHARS_MAX: usize = 2048;

/// Bytes of an answer: the longest is a list of policies, a few kilobytes.
pub(super) const REPLY_BYTES_MAX: usize = 128 * 1024;
/// Elements in an answer: a list of 100 names has about 110.
pub(super) const REPLY_ELEMENTS_MAX: usize = 1024;
/// Elements inside one another in an answer; the deepest known has 5.
pub(super) const REPLY_DEPTH_MAX: usize = 12;
/// Bytes of a session token. AWS warns that its length changes; the longest seen, Ceph's, with a whole policy inside, has
/// about 5,000.
pub(super) const SESSION_TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an access key id or a secret key.
pub(super) const KEY_BYTES_MAX: usize = 256;

/// How often the exchange is tried when STS could not fetch or find our key: under load it says so now and then.
pub(super) const EXCHANGES_MAX: u32 = 3;
/// How long before the next try; twice that before the one after.
pub(super) const EXCHANGE_PAUSE: Duration = Duration::from_millis(300);

/// Credentials that one deny policy takes in when many wait: about 3,000 characters.
pub(super) const BATCH_MAX: usize = 64;
/// Credentials that may wait for one role; more are tried again later.
pub(super) const WAITING_MAX: usize = 4096;
/// Roles whose revocations are grouped. Beyond it they are only slower.
pub(super) const ROLES_MAX: usize = 256;
/// Small deny policies of ours on one role before they are put together: 170 characters each, of which the credential's
/// part is 40.
pub(super) const DENIES_BEFORE_MERGE: usize = 12;
/// A deny policy is small if it denies fewer.
pub(super) const MERGED_BELOW: usize = 8;
/// Characters of one deny policy that others were put together in. All inline policies of a role have at most 10,240
/// (IAM quotas), and for a moment what was put together is there as well.
pub(super) const MERGED_CHARS_MAX: usize = 3500;
/// Expired denies that are taken away at a time.
pub(super) const PRUNED_MAX: usize = 32;
/// How long after a role was tidied it is left alone.
pub(super) const TIDY_AFTER: Span = Span::from_secs(60);
/// Names asked for at a time, and how many times: IAM allows far fewer policies than that on a role.
pub(super) const PAGE_NAMES: usize = 100;
/// See [`PAGE_NAMES`].
pub(super) const PAGES_MAX: usize = 10;

/// How often a deny is written until it stays, where roles are rewritten whole: each time somebody else wrote in the same
/// few milliseconds.
pub(super) const WRITES_MAX: u32 = 5;
/// After how long a write that began before ours has landed, where roles are rewritten whole: they take milliseconds.
pub(super) const LANDED_AFTER: Duration = Duration::from_millis(200);
