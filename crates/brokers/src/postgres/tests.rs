use serde_json::json;

use super::*;

fn open_with(secrets: &[(&str, &str)]) -> Result<Arc<dyn Broker>, String> {
    let settings = json!({
        "host": "localhost", "user": "broker", "sslmode": "disable",
        "targets": { "app": { "database": "app", "group": "app_rw", "life_seconds": 900 } },
    });
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect();
    open(&settings.to_string(), secrets).map_err(|error| error.to_string())
}

#[test]
fn the_password_is_the_one_secret() {
    assert_eq!(open_with(&[]).unwrap_err(), "the secret `password` is missing: the password of `broker`");
    assert_eq!(
        open_with(&[("password", "")]).unwrap_err(),
        "the secret `password` is missing: the password of `broker`"
    );
    let stranger = open_with(&[("password", "hunter2"), ("passwort", "hunter2")]).unwrap_err();
    assert_eq!(stranger, "there is no secret `passwort` for this kind, only `password`");
    let broker = open_with(&[("password", "hunter2")]).unwrap();
    assert!(!format!("{broker:?}").contains("hunter2"));
}

#[test]
fn a_launcher_is_told_where_and_nothing_secret() {
    let broker = open_with(&[("password", "hunter2")]).unwrap();
    let (name, target) = broker.targets().pop_first().unwrap();
    assert_eq!((target.life_default.as_secs(), target.is_revocable, target.is_local), (900, true, false));
    let told = json!({ "postgres": { "host": "localhost", "port": 5432, "database": "app", "sslmode": "disable" } });
    assert_eq!(broker.delivery(&name), told);
    let endpoint: Endpoint = serde_json::from_value(broker.delivery(&name)["postgres"].clone()).unwrap();
    endpoint.server().unwrap();
}

#[test]
fn the_plan_knows_name_and_handle() {
    let broker = open_with(&[("password", "hunter2")]).unwrap();
    let order = role::tests::order("grace", "payments");
    let plan = broker.plan(&order);
    assert_eq!(plan.names, [(ArtifactKind::DatabaseRole, role::name(&order))]);
    let handle: revoke::Handle = plan.handle.unwrap().read().unwrap();
    assert_eq!((handle.group.as_str(), handle.database.as_str()), ("app_rw", "app"));
}
