//! The hook that asks writ about pushes, in a bare repository.

use std::path::Path;
use std::process::Command;

use super::process::WRIT;

/// Installs it; `more` are options of `writ git-receive install`.
pub(crate) fn install(repository: &Path, server: &str, name: &str, secret: &Path, more: &[&str]) {
    let mut install = Command::new(WRIT);
    install.args(["git-receive", "install"]).arg(repository);
    install.args(["--server", server, "--name", name, "--secret-file"]).arg(secret).args(more);
    let output = install.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
