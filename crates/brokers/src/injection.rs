//! How requests to a target get a secret that nobody is given: the header it goes into, and which requests may have it.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Scope, scope};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use zeroize::Zeroizing;

use crate::broker::BrokerError;

mod path;

/// Scope dimension: HTTP methods, in upper case.
pub(crate) const METHODS: &str = "methods";
/// Scope dimension: beginnings of paths.
pub(crate) const PATHS: &str = "paths";

/// What is injected, where, and for which requests. It does not print.
pub struct Injection {
    base_url: Uri,
    header: HeaderName,
    value: HeaderValue,
    withheld: Withheld,
    methods: BTreeSet<String>,
    paths: BTreeSet<String>,
}

/// The forms in which a secret might come back, none of which may reach the session. It does not print.
#[derive(Clone)]
pub struct Withheld(Vec<Zeroizing<Vec<u8>>>);

// === impl Injection ===

impl Injection {
    /// `value` is the whole header, `secret` what is secret in it.
    pub(crate) fn new(
        base_url: Uri,
        header: HeaderName,
        mut value: HeaderValue,
        secret: &str,
        methods: BTreeSet<String>,
        paths: BTreeSet<String>,
    ) -> Self {
        value.set_sensitive(true);
        Self { base_url, header, value, withheld: Withheld::new(secret), methods, paths }
    }

    /// What request paths are appended to.
    pub fn base_url(&self) -> &Uri {
        &self.base_url
    }

    /// Puts the secret into a request, in place of whatever the request had there.
    pub fn set_on(&self, headers: &mut HeaderMap) {
        headers.insert(self.header.clone(), self.value.clone());
    }

    /// What must not come back.
    pub fn withheld(&self) -> &Withheld {
        &self.withheld
    }

    /// Whether a request may have it, by the target's own rules and by a credential's scope. `path` is as it stands in
    /// the request, encoded, with its slash at the start.
    ///
    /// # Errors
    /// Says what would be allowed.
    pub fn allows(&self, scope: &Scope, method: &Method, path: &str) -> Result<(), BrokerError> {
        if !path::is_plain(path) {
            return Err(BrokerError::asker(
                "the path has `.` or `..` in it, encoded or not, so nobody can tell where it leads: write it out",
            ));
        }
        let methods = [Some(&self.methods), scope.values(METHODS)];
        let paths = [Some(&self.paths), scope.values(PATHS)];
        for allowed in methods.into_iter().flatten() {
            if !allowed.contains(scope::ANY) && !allowed.contains(method.as_str()) {
                return Err(BrokerError::asker(format!("`{method}` is not granted here, only {}", list(allowed))));
            }
        }
        for allowed in paths.into_iter().flatten() {
            if !allowed.contains(scope::ANY) && !allowed.iter().any(|start| path::is_below(path, start)) {
                return Err(BrokerError::asker(format!("this path is not granted here, only {}", list(allowed))));
            }
        }
        Ok(())
    }

    /// The target's address of a request's path and query.
    ///
    /// # Errors
    /// The two together are no address.
    pub fn url(&self, path: &PathAndQuery) -> Result<Uri, http::Error> {
        let prefix = self.base_url.path().trim_end_matches('/');
        let parts = self.base_url.clone().into_parts();
        let mut builder = Uri::builder().path_and_query(format!("{prefix}{path}"));
        if let Some(scheme) = parts.scheme {
            builder = builder.scheme(scheme);
        }
        if let Some(authority) = parts.authority {
            builder = builder.authority(authority);
        }
        builder.build()
    }

    /// Methods that the target allows, in order.
    pub fn methods(&self) -> &BTreeSet<String> {
        &self.methods
    }

    /// Beginnings of paths that the target allows, in order.
    pub fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }
}

impl fmt::Debug for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injection").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

// === impl Withheld ===

impl Withheld {
    /// The secret as it is, as JSON texts and as URLs write it, and, for the user and password of `Basic`, those.
    fn new(secret: &str) -> Self {
        let mut forms = vec![secret.to_owned(), in_json(secret), secret.replace('/', "\\/"), in_url(secret)];
        let pair = STANDARD.decode(secret).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
            forms.extend([password.to_owned(), in_json(password), in_url(password)]);
        }
        forms.retain(|form| form.len() >= crate::limits::INJECTION_SECRET_BYTES_MIN);
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self(forms.into_iter().map(|form| Zeroizing::new(form.into_bytes())).collect())
    }

    /// Its forms, the longest first.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|form| form.as_slice())
    }

    /// Whether one of them is in there.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.forms().any(|form| text.windows(form.len()).any(|window| window == form))
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withheld(…)")
    }
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}

/// RFC 3986, section 2.3: what is not unreserved is written with `%`.
fn in_url(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut url, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
        url
    })
}

fn list(values: &BTreeSet<String>) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
