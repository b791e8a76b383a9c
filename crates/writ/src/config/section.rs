//! Sections of the configuration that know their own documentation.

use super::keys::{Config, Export, Federation, Introspection, Issuer, IssuerAudience, Log, Prices, Tls, Upstream};

/// One table of the file, as the reference shows it.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its header in the file; empty for the top level.
    pub(crate) header: &'static str,
    /// What it is for, one line of Markdown each.
    pub(crate) doc: &'static [&'static str],
    /// Its keys.
    pub(crate) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does, one line of Markdown each.
    pub(crate) doc: &'static [&'static str],
    /// What holds when it is left out.
    pub(crate) default: &'static str,
}

/// All sections, in the order of the reference.
pub(crate) const SECTIONS: [&Section; 10] = [
    &Config::SECTION,
    &Tls::SECTION,
    &Issuer::SECTION,
    &IssuerAudience::SECTION,
    &Upstream::SECTION,
    &Federation::SECTION,
    &Prices::SECTION,
    &Export::SECTION,
    &Introspection::SECTION,
    &Log::SECTION,
];

/// Makes a struct that is read from TOML without unknown keys, its defaults, and its [`Section`] with the doc comments.
/// Each field: doc comment, `name: Type = default, "default as shown";`.
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        $name:ident [$header:literal] {
            $( $(#[doc = $key_doc:literal])* $key:ident: $type:ty = $default:expr, $shown:literal; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $( $(#[doc = $key_doc])* pub(crate) $key: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $default, )* }
            }
        }

        impl $name {
            /// Its documentation.
            pub(crate) const SECTION: $crate::config::section::Section = $crate::config::section::Section {
                header: $header,
                doc: &[$($doc),*],
                keys: &[$(
                    $crate::config::section::Key {
                        name: stringify!($key),
                        doc: &[$($key_doc),*],
                        default: $shown,
                    }
                ),*],
            };
        }
    };
}

pub(super) use section;
