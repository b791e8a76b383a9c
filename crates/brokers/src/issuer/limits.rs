//! Bounds of what the issuer makes, each with its unit and its reason. Those of relying parties are the vendors'
//! documented ones; writ keeps the narrowest, so that a token is not refused for its form by any of them.

use domain::Span;

/// Characters in an issuer address: relying parties store it, and none of them takes a long one. (Entra: 600; AWS: 255.)
pub const ISSUER_CHARS_MAX: usize = 255;
/// Relying parties that can be configured: AWS takes 100 providers, a company has a dozen.
pub const PARTIES_MAX: usize = 64;
/// Audiences in one token: one relying party each, and a token is made for a handful. (Google takes 10 per provider.)
pub const AUDIENCES_MAX: usize = 10;
/// Characters in an audience: AWS's limit on a client id, the shortest known. (Google: 256.)
pub const AUDIENCE_CHARS_MAX: usize = 255;
/// Characters in the audience of a writ.
pub const WRIT_AUDIENCE_CHARS_MAX: usize = 256;

/// Life of a token: an hour, so that what cannot be taken back is over soon. (AWS and Google refuse none below a day.)
pub const TOKEN_LIFE_MAX: Span = Span::from_secs(3600);
/// Bytes of a signed token: Anthropic takes 16 KiB, AWS 20,000 characters, and servers 8 to 16 kB of headers.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Characters of `jti`: a session's id, a full stop and a number.
pub const TOKEN_ID_CHARS_MAX: usize = 64;
/// Characters of the developer's sign-in name or address as shown to a relying party: an address at its longest
/// (RFC 5321, section 4.5.3.1.3).
pub const DEVELOPER_LABEL_CHARS_MAX: usize = 254;
/// Claims beside those that writ sets: an operator's handful.
pub const EXTRA_CLAIMS_MAX: usize = 32;
/// Characters in the name of such a claim: Google's attribute names have at most 100.
pub const EXTRA_CLAIM_NAME_CHARS_MAX: usize = 100;
/// Bytes of all such claims as JSON: Google maps 8 kB of all attributes together.
pub const EXTRA_CLAIMS_BYTES_MAX: usize = 4 * 1024;

/// Characters of a subject at least and at most: AWS's limits on `sub`, the narrowest known. (Entra: at most 600.)
pub const SUBJECT_CHARS_MIN: usize = 6;
/// See [`SUBJECT_CHARS_MIN`].
pub const SUBJECT_CHARS_MAX: usize = 255;
/// Bytes of `google.subject`, which a subject is mapped to.
pub const GOOGLE_SUBJECT_BYTES_MAX: usize = 127;
/// Characters of a subject's template: it is typed by hand.
pub const SUBJECT_TEMPLATE_CHARS_MAX: usize = 255;

/// Session tags in one token (AWS STS).
pub const AWS_TAGS_MAX: usize = 50;
/// Characters of a tag's key (AWS STS).
pub const AWS_TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a tag's value (AWS STS).
pub const AWS_TAG_VALUE_CHARS_MAX: usize = 256;
/// Characters of a source identity, and of a role session's name, at least (AWS STS).
pub const AWS_NAME_CHARS_MIN: usize = 2;
/// The same at most.
pub const AWS_NAME_CHARS_MAX: usize = 64;
