//! The disk that holds the SQLite database is full, or takes no more of this file.

use std::path::PathBuf;
use std::process::Command;

use super::Outage;
use crate::support::survivors::Survivors;
use crate::support::{Writ, WritOptions, run};

/// Runs `writ` with a small file system of its own as its data folder.
const ON_SMALL_DISK: &str = "mkdir -p data && mount -t tmpfs -o size=64m,mode=700 none data && exec \"$@\"";
/// Runs `writ` with syncs that fail for as long as there is a file of this name.
const WITH_FAILING_SYNCS: &str = "cc -shared -fPIC -o syncs.so syncs.c -ldl && LD_PRELOAD=$PWD/syncs.so exec \"$@\"";
/// The library that makes them fail.
const FAILING_SYNCS: &str = include_str!("failing_syncs.c");
/// Runs `writ` so that a write past the limit of a file's size is an error and does not kill it.
const WITH_FILE_LIMIT: &str = "trap '' XFSZ; exec \"$@\"";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// `unshare` with what it needs here to mount something, if that is allowed.
fn unshare() -> Option<Vec<String>> {
    let may = |words: &Vec<String>| {
        let mut test = Command::new(&words[0]);
        test.args(&words[1..]).args(["mount", "-t", "tmpfs", "none", "/mnt"]);
        test.output().is_ok_and(|output| output.status.success())
    };
    let as_root = words(&["unshare", "--mount"]);
    let as_user = words(&["unshare", "--user", "--map-root-user", "--mount"]);
    let found = [as_root, as_user].into_iter().find(may);
    if found.is_none() {
        eprintln!("skipped: this machine does not let a test mount a small disk (unshare --mount)");
    }
    found
}

#[test]
fn walls_close_on_a_full_disk_and_open_again_when_there_is_room() {
    let Some(unshare) = unshare() else { return };
    run(async {
        let within = [unshare, words(&["sh", "-c", ON_SMALL_DISK, "sh"])].concat();
        let writ = Writ::start_with(WritOptions { within, ..WritOptions::default() }).await;
        let mut outage = Outage::before(&writ, "walls_close_on_a_full_disk").await;
        // Its folder as it sees it: nobody else sees the small disk.
        let data = PathBuf::from(format!("/proc/{}/root{}", writ.pid(), writ.path().join("data").display()));
        let ballast = data.join("ballast");
        let full = std::fs::write(&ballast, vec![0; 64 << 20]).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
        outage.during(&writ).await;
        assert!(writ.log().contains("disk that holds the database is full"), "{}", writ.log());
        std::fs::remove_file(&ballast).unwrap();
        outage.after(&writ).await;
    });
}

#[test]
fn a_failing_write_acknowledges_nothing() {
    run(async {
        let within = words(&["sh", "-c", WITH_FILE_LIMIT, "sh"]);
        let mut writ = Writ::start_with(WritOptions { within, ..WritOptions::default() }).await;
        let mut outage = Outage::before(&writ, "a_failing_write").await;
        limit_files(writ.pid(), "4096");
        outage.during(&writ).await;
        limit_files(writ.pid(), "unlimited");
        survives_a_crash(&mut writ, outage).await;
    });
}

/// What is committed but did not come to the disk is acknowledged to nobody, and nothing is lost when the disk is back.
#[test]
fn a_failing_sync_acknowledges_nothing() {
    run(async {
        let compile = format!("printf %s \"$FAILING_SYNCS\" > syncs.c && {WITH_FAILING_SYNCS}");
        let within = words(&["env", &format!("FAILING_SYNCS={FAILING_SYNCS}"), "sh", "-c", &compile, "sh"]);
        let mut writ = Writ::start_with(WritOptions { within, ..WritOptions::default() }).await;
        let mut outage = Outage::before(&writ, "a_failing_sync").await;
        let broken = writ.path().join("broken");
        std::fs::write(&broken, "").unwrap();
        outage.during(&writ).await;
        assert!(writ.log().contains("the disk did not take what was written"), "{}", writ.log());
        std::fs::remove_file(&broken).unwrap();
        survives_a_crash(&mut writ, outage).await;
    });
}

/// What was acknowledged before and after the failures survives a crash too.
async fn survives_a_crash(writ: &mut Writ, outage: Outage) {
    let ada = outage.people.ada.clone();
    let told = outage.after(writ).await;
    writ.kill();
    writ.restart().await;
    let mut survivors = Survivors::default();
    survivors.check(&ada.at(&writ.url), &told, true).await;
}

/// Sets the bound of a running process on the size of the files that it writes, in bytes.
fn limit_files(pid: u32, bytes: &str) {
    let limit = Command::new("prlimit").args([format!("--pid={pid}"), format!("--fsize={bytes}:")]).output();
    let output = limit.expect("prlimit is part of util-linux");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
