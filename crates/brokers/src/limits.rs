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
/// What an operator's own broker is given when nobody says: most ask one service once or twice.
pub const PLUGIN_TIME_DEFAULT: Duration = Duration::from_secs(10);
/// The longest that an operator's own broker may take: a session waits for it, and a stop waits for revocations.
pub const PLUGIN_TIME_MAX: Duration = Duration::from_secs(60);
/// What it is given to end at once what it made in a way that cannot be used; later the revoker goes on.
pub const PLUGIN_END_AT_ONCE_MAX: Duration = Duration::from_secs(10);
/// Bytes of an operator's own broker's answer: the fields of one secret, each at most [`SECRET_BYTES_MAX`], fit a few times.
pub const PLUGIN_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long what a command already wrote is waited for once it has ended: it lies in a pipe of this machine.
pub const PLUGIN_DRAIN_MAX: Duration = Duration::from_millis(250);
/// Words of an operator's command.
pub const PLUGIN_WORDS_MAX: usize = 32;
/// Environment variables that an operator's command inherits or is given.
pub const PLUGIN_VARIABLES_MAX: usize = 64;
/// Fields of a secret that an operator's own broker makes.
pub const PLUGIN_FIELDS_MAX: usize = 16;
/// Characters of the handle that an operator's own broker gives: it is sealed together with its name.
pub const PLUGIN_HANDLE_CHARS_MAX: usize = 4096;
/// Dimensions that a target of an operator's own broker understands.
pub const PLUGIN_DIMENSIONS_MAX: usize = domain::limits::SCOPE_DIMENSIONS_MAX;
/// Methods or path prefixes of a target whose secret is injected.
pub const INJECTION_RULES_MAX: usize = 64;
/// The shortest secret that is injected: shorter ones would be found in any text by chance, and guessed.
pub const INJECTION_SECRET_BYTES_MIN: usize = 8;
/// Claims that an operator adds to the tokens of one target.
pub const TOKEN_CLAIMS_MAX: usize = 16;
