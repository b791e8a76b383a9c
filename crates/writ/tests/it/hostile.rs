//! Upstreams and clients that break the rules: memory stays within its bound, the process goes on serving, and the
//! meter's sums stay equal.

mod bodies;
mod connections;
mod smuggling;
mod upstreams;

use serde_json::json;

use crate::support::http::send;
use crate::support::{Opened, People, Writ, WritOptions};

/// Peak memory of a process that holds no large bodies, in MiB. Fresh it has about 60 (with three argon2 checks of
/// 19 MiB each behind it); the rest is for thousands of connections at some 15 kB each.
const PEAK_MIB: u64 = 256;

/// A control plane with one session, and what must hold after it was maltreated.
struct Target {
    writ: Writ,
    people: People,
    session: Opened,
}

impl Target {
    async fn start() -> Self {
        Self::before(Vec::new()).await
    }

    async fn before(upstreams: Vec<String>) -> Self {
        let writ = Writ::start_with(WritOptions { upstreams, ..WritOptions::default() }).await;
        let people = writ.people().await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        Self { writ, people, session }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.session.caller.token.as_deref().unwrap())
    }

    /// Host and port.
    fn authority(&self) -> &str {
        self.writ.url.strip_prefix("http://").unwrap()
    }

    /// Asserts that it answers, that its memory never went past the bound, that nothing panicked, and that `calls` calls
    /// were recorded, all settled, with equal sums.
    async fn assert_unharmed(&self, calls: usize, peak_mib: u64) {
        let hello = send(http::Method::GET, &format!("{}/api/hello", self.writ.url), &[], "").await;
        assert_eq!(hello.status, 200);
        self.people.ada.settled(&self.session.id, calls).await;
        self.people.ada.assert_sums_agree().await;
        let peak = peak_of(self.writ.pid());
        eprintln!("peak memory: {peak} MiB");
        assert!(peak < peak_mib, "peak memory was {peak} MiB, the bound is {peak_mib}");
        assert!(!self.writ.log().contains("panicked"), "{}", self.writ.log());
    }
}

/// The most memory a process ever had, in MiB (`VmHWM`).
fn peak_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
