//! A control plane in the test's own process: for tests that move its clock.

use std::path::Path;
use std::time::Duration;

use control::{
    CredentialHeader, CredentialSource, IssuerSettings, PriceSettings, Settings, Synchronous, UpstreamCredential,
    UpstreamSettings,
};
use serde_json::json;

use super::Caller;
use super::process::PASSWORD;

/// What a test changes by struct update: SQLite in the folder, any free port, and an upstream at an address that nobody
/// listens on.
pub(crate) fn settings(folder: &Path) -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        tls: None,
        data_dir: folder.join("data"),
        keys_dir: None,
        seal_key_command: None,
        log_origin: None,
        trust_policy: None,
        archive: None,
        publish_without_quorum: true,
        database: None,
        synchronous: Synchronous::Normal,
        upstreams: vec![upstream(folder, "http://127.0.0.1:9")],
        prices: PriceSettings::default(),
        shutdown_grace: Duration::from_secs(1),
        issuer: IssuerSettings::default(),
        introspection: Vec::new(),
        exports: Vec::new(),
    }
}

/// A model service there, with a key from a file in the folder.
pub(crate) fn upstream(folder: &Path, base_url: &str) -> UpstreamSettings {
    let key = folder.join("key");
    std::fs::write(&key, "sk-test").unwrap();
    UpstreamSettings {
        name: "up0".to_owned(),
        base_url: base_url.to_owned(),
        credential: UpstreamCredential::Key { source: CredentialSource::File(key), header: CredentialHeader::ApiKey },
    }
}

/// Makes the first administrator, `ada`.
pub(crate) async fn administrator(url: &str, bootstrap: &str) -> Caller {
    let body = json!({"token": bootstrap, "login": "ada", "password": PASSWORD});
    let answer = Caller { url: url.to_owned(), token: None }.post("/v1/bootstrap", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    Caller { url: url.to_owned(), token: answer.json()["token"].as_str().map(str::to_owned) }
}
