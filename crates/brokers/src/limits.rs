//! Bounds of the brokers, each with its unit and its reason. Bounds of the nouns are in [`domain::limits`].

use std::time::Duration;

/// Bytes of a revoke handle: the longest is a token that is needed to end itself.
pub const HANDLE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a broker's settings: a few dozen targets, and it is one entry of the log.
pub const SETTINGS_BYTES_MAX: usize = domain::limits::BROKER_SETTINGS_BYTES_MAX;
/// Targets of one broker.
pub const TARGETS_MAX: usize = domain::limits::BROKER_TARGETS_MAX;
/// Names of one credential.
pub const NAMES_MAX: usize = domain::limits::CREDENTIAL_NAMES_MAX;
/// Bytes of one named secret of a broker: an RSA key of 8,192 bits as PEM fits.
pub const SECRET_BYTES_MAX: usize = 16 * 1024;
/// Named secrets of one broker.
pub const SECRETS_MAX: usize = 16;
/// One request to a target, from its connection to the end of the answer.
pub const REQUEST_MAX: Duration = Duration::from_secs(15);
/// Claims that an operator adds to the tokens of one target.
pub const TOKEN_CLAIMS_MAX: usize = 16;
