//! Locks the JSON of identity's events: consumers of other versions read it, so a change here is a new version.

use contracts::{
    Event as _, ResetId, UserId,
    identity::{PasswordChanged, PasswordResetRequested, UserRegistered},
};
use uuid::Uuid;

#[test]
fn user_registered_keeps_its_wire_form() {
    let event = UserRegistered {
        user_id: UserId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001)),
        version: 1,
        email: "demo@example.com".to_owned(),
        first_name: "Demo".to_owned(),
        last_name: "User".to_owned(),
        role: "vendor".to_owned(),
    };
    assert_eq!(
        UserRegistered::subject(),
        "shop.identity.user_registered.v1"
    );
    insta::assert_json_snapshot!(event, @r#"
    {
      "userId": "0190a000-0000-7000-8000-000000000001",
      "version": 1,
      "email": "demo@example.com",
      "firstName": "Demo",
      "lastName": "User",
      "role": "vendor"
    }
    "#);
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(
        serde_json::from_str::<UserRegistered>(&json).unwrap(),
        event
    );
}

#[test]
fn password_reset_requested_keeps_its_wire_form_and_holds_no_code() {
    let event = PasswordResetRequested {
        reset_id: ResetId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0009)),
        version: 1,
        user_id: UserId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001)),
        email: "demo@example.com".to_owned(),
        expires_at: "2026-11-21T12:30:00Z".parse().unwrap(),
    };
    assert_eq!(
        PasswordResetRequested::subject(),
        "shop.identity.password_reset_requested.v1"
    );
    insta::assert_json_snapshot!(event, @r#"
    {
      "resetId": "0190a000-0000-7000-8000-000000000009",
      "version": 1,
      "userId": "0190a000-0000-7000-8000-000000000001",
      "email": "demo@example.com",
      "expiresAt": "2026-11-21T12:30:00Z"
    }
    "#);
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(
        serde_json::from_str::<PasswordResetRequested>(&json).unwrap(),
        event
    );
}

#[test]
fn password_changed_keeps_its_wire_form() {
    let event = PasswordChanged {
        user_id: UserId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001)),
        version: 3,
        email: "demo@example.com".to_owned(),
    };
    assert_eq!(
        PasswordChanged::subject(),
        "shop.identity.password_changed.v1"
    );
    insta::assert_json_snapshot!(event, @r#"
    {
      "userId": "0190a000-0000-7000-8000-000000000001",
      "version": 3,
      "email": "demo@example.com"
    }
    "#);
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(
        serde_json::from_str::<PasswordChanged>(&json).unwrap(),
        event
    );
}
