//! Addresses that an operator names: `https` anywhere, plain `http` on this machine only.

use std::net::IpAddr;

use http::Uri;

use crate::open::SettingsError;

/// Reads an address from a setting.
///
/// # Errors
/// Names the setting and what would be right.
pub(crate) fn read(setting: &str, text: &str) -> Result<Uri, SettingsError> {
    let wrong = |what: &str| SettingsError::new(format!("`{setting}` {what}"));
    let url: Uri = text.parse().map_err(|_| wrong("is not a URL such as `https://broker.example.com/writ`"))?;
    let authority = url.authority().ok_or_else(|| wrong("needs a scheme and a host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("must not carry a user or a password: give those as secrets"));
    }
    match url.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if is_loopback(authority.host()) => Ok(url),
        Some("http") => Err(wrong("may be plain http on loopback only: use https")),
        None => Err(wrong("needs a scheme and a host")),
        Some(_) => Err(wrong("needs the scheme https")),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
