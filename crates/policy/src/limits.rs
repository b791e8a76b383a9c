//! Bounds of this room, each with its unit and its reason. Bounds of the law are in `domain::limits`.

/// Rules of one kind: far more than fits into [`domain::limits::LOCK_RULES_BYTES_MAX`] is never reached, so that walking all of them is cheap.
pub const RULES_PER_KIND_MAX: usize = 256;
/// Names in one list of a rule.
pub const NAMES_PER_RULE_MAX: usize = 256;
/// Bytes of a command that are looked at: what follows is data more often than commands, and reading it is a hint anyway.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;
/// Commands of one command line that are looked at.
pub const COMMANDS_MAX: usize = 256;
/// How deep shells in shells and substitutions in substitutions are followed.
pub const COMMAND_DEPTH_MAX: usize = 6;
/// Files that one command line is seen to touch.
pub const TOUCHED_MAX: usize = 256;
/// Variables of one command line that are followed.
pub const VARIABLES_MAX: usize = 64;
/// Programs that a command line's name has.
pub const NAMES_TOLD_MAX: usize = 8;
