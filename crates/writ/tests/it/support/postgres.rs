//! A database of its own on the PostgreSQL server that `./test` starts.

use super::leaks;

/// A vacuum of a database of the tests takes some milliseconds; each try starts a process, which takes as long.
const DROPS_MAX: usize = 200;

/// Its URL, or none where no server is there and none is demanded.
///
/// In CI a missing server is a failure, not a skip.
pub(crate) fn server() -> Option<String> {
    match std::env::var("WRIT_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => Some(url),
        _ if std::env::var("CI").is_ok() => panic!("WRIT_TEST_POSTGRES is not set: run the tests through ./test"),
        _ => {
            eprintln!("skipped: WRIT_TEST_POSTGRES is not set (./test starts a server and sets it)");
            None
        }
    }
}

/// A database that is dropped with this value.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes a database; the name is unique to this process and call.
    pub(crate) fn create(server: &str, label: &str) -> Self {
        let name = format!("writ_it_{label}_{}", std::process::id());
        drop_database(server, &name);
        psql(server, &format!("CREATE DATABASE {name}"));
        Self { server: server.to_owned(), name }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dumped = dump(&self.url());
        drop_database(&self.server, &self.name);
        leaks::searched(dumped.path());
    }
}

/// Drops a database, whoever uses it. The server's own vacuum, which may be at work in it, is not the tests' role's to end: it
/// gives way by itself.
fn drop_database(server: &str, name: &str) {
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    for _ in 0..DROPS_MAX {
        match try_psql(server, &statement) {
            Err(error) if error.contains("process is being terminated") => {}
            done => return assert!(done.is_ok() || std::thread::panicking(), "{statement}: {done:?}"),
        }
    }
    assert!(std::thread::panicking(), "{statement}: the server's vacuum was in it {DROPS_MAX} times");
}

/// All that is in a database, as text: what lies in its files may be compressed.
fn dump(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output =
        std::process::Command::new("pg_dump").arg("--file").arg(folder.path().join("dump.sql")).arg(url).output();
    let output = output.expect("pg_dump comes with psql");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || std::thread::panicking(), "pg_dump: {said}");
    folder
}

/// A server of a test's own, which may stop and start. Gone, with its data, when dropped.
pub(crate) struct Private {
    state: tempfile::TempDir,
    url: String,
}

impl Private {
    /// Starts one where [`server`] finds one, so that it is skipped, and demanded, alike.
    pub(crate) fn start() -> Option<Self> {
        server()?;
        let state = tempfile::tempdir().unwrap();
        let url = script(state.path(), "start");
        Some(Self { state, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it as a crash would.
    pub(crate) fn halt(&self) {
        script(self.state.path(), "halt");
    }

    /// Starts it again on the same data and port.
    pub(crate) fn resume(&self) {
        script(self.state.path(), "resume");
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        leaks::searched(&leaks::part(self.state.path()));
        script(self.state.path(), "stop");
    }
}

fn script(state: &std::path::Path, verb: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");
    let output = std::process::Command::new(script).arg(verb).env("WRIT_POSTGRES_STATE", state).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || std::thread::panicking(), "scripts/postgres {verb}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs one statement with the real client.
pub(crate) fn psql(url: &str, statement: &str) -> String {
    try_psql(url, statement).unwrap_or_else(|error| {
        assert!(std::thread::panicking(), "{error}");
        String::new()
    })
}

fn try_psql(url: &str, statement: &str) -> Result<String, String> {
    let output = std::process::Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--command",
            statement,
            url,
        ])
        .output()
        .expect("psql is installed by ./test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
