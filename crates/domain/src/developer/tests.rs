#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn role_names_are_said_once() {
    for (role, name) in
        [(Role::Member, "member"), (Role::Approver, "approver"), (Role::Auditor, "auditor"), (Role::Admin, "admin")]
    {
        assert_eq!(role.as_str(), name);
        assert_eq!(name.parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), name);
    }
    for text in ["", "Admin", "admins", " admin", "owner"] {
        assert_eq!(text.parse::<Role>(), Err(RoleError), "{text}");
    }
    assert_eq!(RoleError.to_string(), "a role is one of member, approver, auditor, admin");
}
