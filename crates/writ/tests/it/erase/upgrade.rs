//! A database that the first version of writ made, with names in the clear.

use std::io::Read;

use serde_json::json;

use super::{LOGIN, TRACES, erase};
use crate::support::process::PASSWORD;
use crate::support::{Writ, files, run};

/// Made by the first version: `ada` is the administrator, the other one opened a session and ended it. Its keys sign
/// nothing but this.
const FIRST_VERSION: &[u8] = include_bytes!("first_version_test_only.db.gz");

#[test]
fn names_in_the_clear_are_sealed_at_the_first_start_and_everything_goes_on() {
    run(async {
        let mut writ = Writ::start().await;
        assert!(writ.terminate().success());
        let data = writ.path().join("data");
        std::fs::remove_dir_all(&data).unwrap();
        std::fs::create_dir(&data).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(FIRST_VERSION).read_to_end(&mut bytes).unwrap();
        std::fs::write(data.join("writ.db"), bytes).unwrap();
        let known = [LOGIN, "Brewster Murray", "Ada Lovelace"];
        assert_eq!(files::holding(&data, &known).len(), 3, "the test can fail");

        writ.restart().await;
        assert_eq!(files::holding(&data, &known), [""; 0], "while it runs");
        let ada = writ.sign_in("ada").await;
        let hopper = writ.sign_in(LOGIN).await;
        let whoami = hopper.get("/v1/whoami").await.json();
        assert_eq!(whoami["developer"]["display_name"], "Brewster Murray", "{whoami}");
        assert_eq!(whoami["teams"][0]["name"], "payments", "{whoami}");
        assert_eq!(hopper.get("/v1/sessions").await.json()["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(ada.get("/v1/log/verify").await.json()["verified"], true);
        let taken = ada.post("/v1/developers", json!({"login": LOGIN, "password": PASSWORD})).await;
        assert_eq!(taken.status, 409, "{}", taken.text());
        assert!(writ.terminate().success());
        assert_eq!(files::holding(&data, &known), [""; 0], "after a stop");

        writ.restart().await;
        let ada = ada.at(&writ.url);
        erase(&ada, LOGIN).await;
        super::assert_nowhere(&writ, &ada).await;
        assert_eq!(writ.log().matches("sealing the names").count(), 1, "once: {}", writ.log());
        assert_eq!(TRACES[0], LOGIN);
    });
}
