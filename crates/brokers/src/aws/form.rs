//! Forms as STS and IAM take them: `application/x-www-form-urlencoded`, percent-encoded as RFC 3986 section 2.1 says.

/// What a form is sent as.
pub(super) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Fields of a form, in order.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

// === impl Form ===

impl Form {
    /// A form that asks for an action of a version of the interface.
    pub(super) fn new(action: &str, version: &str) -> Self {
        Self::default().field("Action", action).field("Version", version)
    }

    /// With one more field.
    #[must_use]
    pub(super) fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// As it is sent.
    pub(super) fn encode(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Reads percent-encoded text; none if it is not, or not UTF-8.
pub(super) fn plain(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
