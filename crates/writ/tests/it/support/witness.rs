//! A real `writ witness` process, and a control plane whose key and policy are known before it starts.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use ledger::{Signer, TrustPolicy, VerifierKey};
use tempfile::TempDir;

use super::canned::nobody;
use super::process::WRIT;
use super::{Writ, WritOptions};

/// What the log of every installation here is called.
pub(crate) const ORIGIN: &str = "writ.example.test/log";

/// A running witness. Killed when dropped.
pub(crate) struct Witness {
    state: PathBuf,
    address: String,
    /// Its line for a trust policy.
    pub(crate) line: String,
    child: Mutex<Option<Child>>,
}

/// Keys, a policy and a witness, for a control plane that is started over them.
pub(crate) struct Watched {
    pub(crate) folder: TempDir,
    pub(crate) witness: Witness,
}

pub(crate) fn log_key() -> VerifierKey {
    signer().verifier_key().clone()
}

fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[3; 32]).unwrap()
}

impl Witness {
    pub(crate) async fn start(state: &Path) -> Self {
        let address = nobody().await.strip_prefix("http://").unwrap().to_owned();
        let mut witness = Self { state: state.to_owned(), address, line: String::new(), child: Mutex::new(None) };
        witness.line = witness.restart();
        witness
    }

    /// Starts it again at the same address; returns its line.
    pub(crate) fn restart(&self) -> String {
        let mut command = Command::new(WRIT);
        command.args(["witness", "--name", "w1", "--listen", &self.address, "--log", &log_key().to_string()]);
        let stderr = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut child = command.arg("--state").arg(&self.state).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // It prints key and line once it listens, and ends its output when it does not start.
        let line = lines.nth(1).unwrap_or_else(|| panic!("no witness: {}", self.log())).unwrap();
        *self.child.lock().unwrap() = Some(child);
        line
    }

    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it in its tracks, or lets it go on: it neither answers nor goes away meanwhile.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let child = self.child.lock().unwrap();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.as_ref().unwrap().id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.state.with_extension("log")
    }

    /// The evidence it kept, one text each.
    pub(crate) fn evidence(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.state.join("evidence")).unwrap();
        files.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Watched {
    /// With more lines of the policy, such as other witnesses; the real one is called `w1`.
    pub(crate) async fn new(more: &str, quorum: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_log_key(&folder.path().join("keys"));
        let witness = Witness::start(&folder.path().join("witness")).await;
        let policy = format!("log {}\n{}\n{more}\nquorum {quorum}\n", log_key(), witness.line);
        std::fs::write(folder.path().join("trust.policy"), policy).unwrap();
        Self { folder, witness }
    }

    pub(crate) fn policy_path(&self) -> PathBuf {
        self.folder.path().join("trust.policy")
    }

    pub(crate) fn policy(&self) -> TrustPolicy {
        TrustPolicy::parse(&std::fs::read(self.policy_path()).unwrap()).unwrap()
    }

    /// A control plane at an address that stays.
    pub(crate) async fn serve(&self, more: &str) -> Writ {
        self.serve_with("keys", more).await
    }

    /// Another one with a copy of all keys, which knows nothing of the first one's signatures.
    pub(crate) async fn serve_double(&self) -> Writ {
        copy_folder(&self.folder.path().join("keys"), &self.folder.path().join("double"));
        self.forget_head_of_double();
        self.serve_with("double", "").await
    }

    async fn serve_with(&self, keys: &str, more: &str) -> Writ {
        let listen = nobody().await.strip_prefix("http://").unwrap().to_owned();
        let (keys, policy) = (self.folder.path().join(keys), self.policy_path());
        let more = format!("keys_dir = {keys:?}\ntrust_policy = {policy:?}\n{more}");
        Writ::start_with(WritOptions { listen: Some(listen), more, ..WritOptions::default() }).await
    }

    /// The administrator removes what the notary remembers of its own signatures.
    pub(crate) fn forget_head(&self) {
        std::fs::remove_file(self.folder.path().join("keys/log.head")).unwrap();
    }

    /// The same for the double.
    pub(crate) fn forget_head_of_double(&self) {
        std::fs::remove_file(self.folder.path().join("double/log.head")).unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn write_log_key(folder: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(folder).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let mut key = options.write(true).create_new(true).mode(0o600).open(folder.join("log.key")).unwrap();
    std::io::Write::write_all(&mut key, signer().to_private_key().as_bytes()).unwrap();
}
