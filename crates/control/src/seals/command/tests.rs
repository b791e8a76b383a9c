use std::time::Duration;

use brokers::SealKey;

use super::{SEAL_COMMAND_BYTES_MAX, run_within};

const PATIENCE: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// The names of the keys that a script prints.
async fn ids(script: &str) -> Result<Vec<String>, String> {
    let keys = run_within(PATIENCE, &shell(script)).await.map_err(|error| error.to_string())?;
    Ok(keys.iter().map(|key| key.id().to_string()).collect())
}

#[tokio::test]
async fn keys_in_base64_or_hexadecimal_one_a_line() {
    let (ff, zero) = (SealKey::new(&[0xff; 32]).id().to_string(), SealKey::new(&[0; 32]).id().to_string());
    for script in [
        "printf 'f%.0s' $(seq 64)",
        "printf 'F%.0s' $(seq 64); echo",
        "head -c 32 /dev/zero | tr '\\0' '\\377' | base64",
        "head -c 32 /dev/zero | tr '\\0' '\\377' | base64 | tr '/+' '_-' | tr -d '='",
    ] {
        assert_eq!(ids(script).await.unwrap(), [ff.as_str()], "{script}");
    }
    let both = "printf '0%.0s' $(seq 64); echo; echo; printf 'f%.0s' $(seq 64)";
    assert_eq!(ids(both).await.unwrap(), [zero.as_str(), ff.as_str()], "the first line seals");
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_never_repeated() {
    let too_much = format!("head -c {} /dev/zero | tr '\\0' a", SEAL_COMMAND_BYTES_MAX + 1);
    for (script, says) in [
        ("true", "prints nothing"),
        ("echo hunter2", "line 1 of what it prints is not 32 bytes"),
        ("printf 'f%.0s' $(seq 64); echo; echo hunter2", "line 2 of what it prints"),
        ("printf 'hunter2%.0s' $(seq 9) g", "line 1"),
        ("printf '\\377\\376'", "does not print text"),
        ("echo hunter2; echo hunter2 >&2; exit 3", "failed (exit status: 3)"),
        ("for n in $(seq 17); do printf 'f%.0s' $(seq 64); echo; done", "prints 17 keys, the limit is 16"),
        (too_much.as_str(), "prints more than 4096 bytes"),
    ] {
        let error = ids(script).await.unwrap_err();
        assert!(error.contains(says), "{script}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = run_within(PATIENCE, &["/nowhere/unwrap".to_owned()]).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot run `/nowhere/unwrap`: "), "{error}");
    assert!(run_within(PATIENCE, &[]).await.is_err());
}

#[tokio::test]
async fn one_that_hangs_is_not_waited_for() {
    let error = run_within(Duration::from_millis(50), &shell("echo hunter2; exec sleep 60")).await.unwrap_err();
    assert!(error.to_string().contains("was not done within"), "{error}");
}
