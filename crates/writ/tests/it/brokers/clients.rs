//! Real clients inside `writ run`: each finds by itself what the launcher prepared, and takes what the helper prints. What
//! they speak to is a stand-in where no package brings the service, and so is the control plane.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

use super::delivery::Session;
use super::real::Part;
use crate::mock_plane::{CREDENTIALS, MockPlane};

/// The stand-in, with a certificate of its own.
struct StandIn {
    folder: tempfile::TempDir,
    process: Child,
    url: String,
}

impl StandIn {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ]);
        openssl.args([
            "-subj",
            "/CN=stand-in",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            "key",
            "-out",
            "ca.pem",
        ]);
        let made = openssl.current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/brokers/clients/stand_in.py");
        let mut python = Command::new("python3");
        python.arg(script).args(["ca.pem", "key", "log"]).current_dir(folder.path()).stdout(Stdio::piped());
        let mut process = python.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { folder, process, url: format!("https://127.0.0.1:{}", port.trim()) }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn authority(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(std::fs::read(self.path("ca.pem")).unwrap())
    }

    /// What it was asked, oldest first.
    fn asked(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn grant(target: &str, kind: &str, delivery: Value) -> Value {
    json!([{ "broker": "b", "kind": kind, "target": target, "delivery": delivery }])
}

#[test]
fn kubectl_asks_the_plugin_and_sends_what_it_says() {
    let (kubectl, stand_in) = (Part::start("kubectl", &[]), StandIn::start());
    let cluster =
        json!({ "server": stand_in.url, "certificate_authority_data": stand_in.authority(), "namespace": "checkout" });
    let plane = MockPlane::granting(usize::MAX, grant("k8s", "token", json!({ "kubernetes": cluster })));
    let mut session = Session::start(&plane);
    for _ in 0..2 {
        let told = session.does(&format!("{} get namespaces", kubectl.text("kubectl")));
        assert!(told.contains("No resources found"), "{told}");
    }
    let asked = stand_in.asked();
    assert!(asked.len() >= 2);
    assert!(asked.iter().all(|asked| asked["authorization"] == "Bearer S3CRET-1"), "{asked:?}");
    assert_eq!(plane.count(CREDENTIALS), 1);
    let context = session.does(&format!("{} config current-context", kubectl.text("kubectl")));
    assert_eq!(context, "b/k8s");
}

#[test]
fn google_s_library_runs_the_executable_and_exchanges_what_it_says() {
    let (python, stand_in) = (Part::start("python", &[]), StandIn::start());
    let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/w";
    let account = json!({ "audience": audience, "token_url": format!("{}/v1/token", stand_in.url), "project": "shop" });
    let plane = MockPlane::granting(usize::MAX, grant("gcp", "token", json!({ "gcp": account })));
    let mut session = Session::start(&plane);
    let script = stand_in.path("client.py");
    std::fs::write(
        &script,
        "import google.auth, google.auth.transport.requests as t\n\
         credentials, project = google.auth.default(scopes=['https://www.googleapis.com/auth/cloud-platform'])\n\
         credentials.refresh(t.Request())\n\
         print(credentials.token, project)\n",
    )
    .unwrap();
    let run = format!("REQUESTS_CA_BUNDLE={} {} {script}", stand_in.path("ca.pem"), python.text("python"));
    assert_eq!(session.does(&run), "exchanged shop");
    let asked = stand_in.asked();
    let form = &asked[0]["form"];
    assert_eq!((&form["subject_token"], &form["audience"]), (&json!("S3CRET-1"), &json!(audience)));
    assert_eq!(form["subject_token_type"], "urn:ietf:params:oauth:token-type:jwt");
    plane.drop_next(usize::MAX);
    assert_eq!(session.does(&run), "exchanged shop", "the launcher has it");
}

#[test]
fn google_s_library_shows_why_there_is_no_token() {
    let python = Part::start("python", &[]);
    let plane = MockPlane::granting(usize::MAX, grant("gcp", "token", json!({ "gcp": { "audience": "//a" } })));
    let mut session = Session::start(&plane);
    let config = session.does("cat $GOOGLE_APPLICATION_CREDENTIALS");
    let other = config.replace("b/gcp", "b/other");
    let script = format!(
        "printf '%s' '{}' >$HOME/other.json; GOOGLE_APPLICATION_CREDENTIALS=$HOME/other.json {} -c \
         'import google.auth, google.auth.transport.requests as t; google.auth.default()[0].refresh(t.Request())'",
        other.replace('\n', " "),
        python.text("python")
    );
    let told = session.fails(&script);
    assert!(told.contains("b/other is not granted"), "{told}");
}

#[test]
fn azure_s_library_reads_the_file_and_exchanges_what_it_says() {
    let (python, stand_in) = (Part::start("python", &[]), StandIn::start());
    let tenant = "00000000-0000-0000-0000-000000000001";
    let application = json!({ "tenant_id": tenant, "client_id": "client", "authority_host": stand_in.url });
    let plane = MockPlane::granting(usize::MAX, grant("azure", "token", json!({ "azure": application })));
    let mut session = Session::start(&plane);
    let script = stand_in.path("client.py");
    std::fs::write(
        &script,
        "from azure.identity import WorkloadIdentityCredential\n\
         credential = WorkloadIdentityCredential(disable_instance_discovery=True)\n\
         print(credential.get_token('https://management.azure.com/.default').token)\n",
    )
    .unwrap();
    let run = format!("REQUESTS_CA_BUNDLE={} {} {script}", stand_in.path("ca.pem"), python.text("python"));
    assert_eq!(session.does(&run), "exchanged");
    let asked = stand_in.asked();
    let exchange = asked.iter().find(|asked| asked["path"] == format!("/{tenant}/oauth2/v2.0/token")).unwrap();
    assert_eq!(exchange["form"]["client_assertion"], "S3CRET-1");
    assert_eq!(exchange["form"]["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let file = session.does("echo $AZURE_FEDERATED_TOKEN_FILE");
    assert_eq!(session.does("stat -c %a $AZURE_FEDERATED_TOKEN_FILE"), "600");
    session.end();
    assert!(!std::path::Path::new(&file).exists(), "{file}");
}

#[test]
fn aws_s_clients_take_the_process_and_the_container_endpoint() {
    let python = Part::start("python", &[]);
    for (via, method) in [("process", "custom-process"), ("container", "container-role")] {
        let how = json!({ "region": "eu-west-1", "via": via });
        let plane = MockPlane::granting(usize::MAX, grant("dev", "aws", json!({ "aws": how })));
        let mut session = Session::start(&plane);
        let botocore = "from botocore.session import Session as S; c = S().get_credentials(); f = c.get_frozen_credentials(); \
                        print(c.method, f.access_key, f.secret_key, f.token)";
        for _ in 0..3 {
            let told = session.does(&format!("{} -c '{botocore}'", python.text("python")));
            assert_eq!(told, format!("{method} AKIA1 S3CRET-k-1 S3CRET-t-1"));
        }
        let listed = session.does(&format!("{} configure list", python.text("aws")));
        assert!(listed.contains(method) && listed.contains("eu-west-1"), "{listed}");
        let profile = session.does(&format!("{} configure list --profile dev", python.text("aws")));
        assert!(profile.contains("custom-process"), "{profile}");
        assert_eq!(plane.count(CREDENTIALS), 1, "{via}");
    }
}

#[test]
fn npm_gets_its_token_for_its_own_environment() {
    let stand_in = StandIn::start();
    let registry = json!({ "registry": stand_in.url });
    let plane = MockPlane::granting(usize::MAX, grant("npm", "token", json!({ "npm": registry })));
    let mut session = Session::start(&plane);
    let told = session.does(&format!(
        "npm_config_cafile={} npm_config_fetch_retries=0 npm whoami 2>/dev/null",
        stand_in.path("ca.pem")
    ));
    assert_eq!(told, "writ");
    let asked = stand_in.asked();
    assert_eq!(asked[0]["authorization"], "Bearer S3CRET-1", "{asked:?}");
    assert_eq!(session.does("echo \"<$NPM_TOKEN>\"; grep -c S3CRET $NPM_CONFIG_USERCONFIG || true"), "<>\n0");
}
