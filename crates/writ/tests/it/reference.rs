//! The generated pages of the reference are checked in; a stale page fails here.

use std::path::Path;
use std::process::Command;

#[test]
fn the_command_line_page_is_current() {
    is_current("cli");
}

#[test]
fn the_configuration_page_is_current() {
    is_current("config");
}

fn is_current(page: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_writ")).args(["reference", page]).output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    let generated = String::from_utf8(output.stdout).expect("the page is text");
    let path = format!("docs/reference/{page}.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let checked_in = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
    let stale = generated.lines().zip(checked_in.lines()).find(|(new, old)| new != old);
    assert!(
        generated == checked_in,
        "{path} is stale (first difference: {stale:?}); make it with `cargo run -p writ -- reference {page} > {path}`"
    );
}
