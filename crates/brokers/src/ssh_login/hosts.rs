//! Hosts of a target: they end up in a client's configuration file, so nothing in them may look like more of it.

use super::limits::{HOST_CHARS_MAX, HOSTS_MAX, PRINCIPAL_CHARS_MAX};
use super::settings::Host;

pub(super) fn check(hosts: &[Host]) -> Result<(), String> {
    if hosts.len() > HOSTS_MAX {
        return Err(format!("`hosts` has {} patterns, the limit is {HOSTS_MAX}", hosts.len()));
    }
    hosts.iter().try_for_each(|host| {
        let is_pattern = |letter: char| letter.is_ascii_alphanumeric() || "._-:*?".contains(letter);
        let length = host.host.chars().count();
        if length == 0 || length > HOST_CHARS_MAX || host.host.starts_with('-') || !host.host.chars().all(is_pattern) {
            return Err(format!("`hosts`: `{}` is not the name of a host or a pattern", host.host));
        }
        if host.port == Some(0) {
            return Err("`hosts`: a port is a number from 1 to 65535".to_owned());
        }
        host.user.as_deref().map_or(Ok(()), check_user)
    })
}

fn check_user(user: &str) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-@+".contains(letter);
    let length = user.chars().count();
    let is_user = length > 0 && length <= PRINCIPAL_CHARS_MAX && !user.starts_with('-') && user.chars().all(is_plain);
    if is_user { Ok(()) } else { Err(format!("`hosts`: `{user}` is not the name of an account")) }
}
