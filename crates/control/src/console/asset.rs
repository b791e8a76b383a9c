//! The files that pages link to. Their names carry a hash of their content, so they may be cached for ever.

use sha2::{Digest, Sha256};

/// The one style sheet.
pub const CSS: &str = include_str!("../../assets/writ.css");
const ICON: &str = include_str!("../../assets/writ.svg");
/// Bytes of SHA-256 in a name: 64 bits, far beyond chance for a handful of files.
const HASH_BYTES: usize = 8;

/// A file to be served as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// For the header `content-type`.
    pub content_type: &'static str,
    /// The content, UTF-8.
    pub body: &'static str,
}

/// The file of this name below `/assets/`; none for an unknown name, and for one of another version.
pub fn asset(name: &str) -> Option<Asset> {
    let css = Asset { content_type: "text/css; charset=utf-8", body: CSS };
    let icon = Asset { content_type: "image/svg+xml", body: ICON };
    if name == hashed(CSS, "css") {
        return Some(css);
    }
    (name == hashed(ICON, "svg")).then_some(icon)
}

/// Where pages find the style sheet: `/assets/writ-` and 16 hexadecimal digits and `.css`.
pub fn css_path() -> String {
    format!("/assets/{}", hashed(CSS, "css"))
}

/// Where pages find the icon.
pub fn icon_path() -> String {
    format!("/assets/{}", hashed(ICON, "svg"))
}

fn hashed(content: &str, extension: &str) -> String {
    let hash = Sha256::digest(content);
    let digits: String = hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("writ-{digits}.{extension}")
}
