//! What an event has of its own: class, activity, severity, a sentence, and attributes.

use serde_json::{Map, Value};

/// The classes in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    DetectionFinding,
    AccountChange,
    Authentication,
    EntityManagement,
    UserAccess,
    GroupManagement,
    ApplicationLifecycle,
    ApiActivity,
}

/// How much it matters to who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Informational,
    Low,
    Medium,
}

/// An event but for what all have in common.
pub(super) struct Shape {
    pub(super) class: Class,
    /// Its number in the class and its caption; the caption of 99 is ours.
    pub(super) activity: (u64, &'static str),
    pub(super) severity: Severity,
    pub(super) message: String,
    /// Profiles of the schema whose attributes it has.
    pub(super) profiles: Vec<&'static str>,
    pub(super) attributes: Map<String, Value>,
}

impl Class {
    pub(super) const fn uid(self) -> u64 {
        match self {
            Self::DetectionFinding => 2004,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::GroupManagement => 3006,
            Self::ApplicationLifecycle => 6002,
            Self::ApiActivity => 6003,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::DetectionFinding => "Detection Finding",
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
            Self::GroupManagement => "Group Management",
            Self::ApplicationLifecycle => "Application Lifecycle",
            Self::ApiActivity => "API Activity",
        }
    }

    pub(super) const fn category_uid(self) -> u64 {
        self.uid() / 1000
    }

    pub(super) const fn category_name(self) -> &'static str {
        match self.category_uid() {
            2 => "Findings",
            3 => "Identity & Access Management",
            _ => "Application Activity",
        }
    }
}

impl Severity {
    pub(super) const fn id(self) -> u8 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
        }
    }
}

impl Shape {
    /// An informational event.
    pub(super) fn new(class: Class, activity: (u64, &'static str), message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Informational, message.into());
        Self { class, activity, severity, message, profiles: Vec::new(), attributes: Map::new() }
    }

    /// How much it matters.
    #[must_use]
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// One more attribute.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// One more attribute, if it is known.
    #[must_use]
    pub(super) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Attributes of one more profile.
    #[must_use]
    pub(super) fn profile(mut self, profile: &'static str) -> Self {
        self.profiles.push(profile);
        self
    }

    /// It did what was asked.
    #[must_use]
    pub(super) fn succeeded(self) -> Self {
        self.with("status_id", 1).with("status", "Success")
    }

    /// It did not.
    #[must_use]
    pub(super) fn failed(self) -> Self {
        self.with("status_id", 2).with("status", "Failure")
    }
}
