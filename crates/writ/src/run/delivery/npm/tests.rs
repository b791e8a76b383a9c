#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use serde_json::json;

use crate::run::delivery::tests::Stage;

#[tokio::test]
async fn the_token_is_in_no_file_and_the_program_in_front_asks_for_it() {
    let home = tempfile::tempdir().unwrap();
    let before = "fund=false\n//old.example.com/:_authToken=npm_old\n_auth = b2xk\n//x/:certfile=/c\n@acme:registry=https://old/\n";
    std::fs::write(home.path().join(".npmrc"), before).unwrap();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("npm"), "#!/bin/sh\necho \"real $* $NPM_TOKEN\"\n").unwrap();
    std::fs::set_permissions(bin.join("npm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut stage = Stage::new(&[("HOME", home.path().to_str().unwrap()), ("PATH", bin.to_str().unwrap())]);
    let how = json!({ "registry": "https://npm.example.com/private/", "scopes": ["@acme"] });
    stage.prepare("npm", &[("t/npm", how)]).await.unwrap();
    assert_eq!(stage.variable("NPM_CONFIG_USERCONFIG").unwrap(), "DIR/npm/npmrc");
    assert_snapshot!(stage.read("npm/npmrc"), @"
    fund=false
    @acme:registry=https://old/
    @acme:registry=https://npm.example.com/private/
    //npm.example.com/private/:_authToken=${NPM_TOKEN}
    ");
    let shim = stage.read("bin/npm").replace(home.path().to_str().unwrap(), "HOME");
    assert_snapshot!(shim, @r#"
    #!/bin/sh
    [ -n "$NPM_TOKEN" ] && exec 'HOME/bin/npm' "$@"
    exec '/opt/writ' 'credential' 'exec' 't/npm' -- 'HOME/bin/npm' "$@"
    "#);
    // Called by another of them, it has the token.
    let output = std::process::Command::new(stage.file("bin/npm")).arg("ci").env("NPM_TOKEN", "t").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "real ci t\n");
    assert!(!stage.file("bin/npx").exists(), "what is not there is not put in front");
}
