//! A real STS, IAM and S3: Ceph's object gateway, started by `tests/real/rgw`, and the real AWS command line. All tests
//! share one gateway; each has roles and buckets of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

/// The gateway, as its administrator.
pub(crate) struct Rgw {
    pub(crate) endpoint: String,
    access_key: String,
    secret_key: String,
    log: PathBuf,
    aws: PathBuf,
}

/// An access key, as STS gives it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// A name that no other test uses.
pub(crate) fn unused(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What a script of `tests/real` says when it is asked to start its part.
fn start(part: &str) -> Value {
    let folder = std::env::var_os("WRIT_TEST_REAL").filter(|folder| !folder.is_empty());
    let folder = folder.expect("WRIT_TEST_REAL is not set: it names the folder tests/real (./test sets it)");
    let output = Command::new(Path::new(&folder).join(part)).arg("start").output().unwrap();
    assert!(output.status.success(), "{part} does not start: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// An address as the names of Ceph's conditions have it.
fn host(issuer: &str) -> &str {
    issuer.split_once("://").unwrap().1
}

// === impl Rgw ===

impl Rgw {
    pub(crate) fn start() -> Self {
        let (told, clients) = (start("rgw"), start("python"));
        let text = |told: &Value, key: &str| told[key].as_str().unwrap().to_owned();
        Self {
            endpoint: text(&told, "endpoint"),
            access_key: text(&told, "access_key"),
            secret_key: text(&told, "secret_key"),
            log: text(&told, "log").into(),
            aws: text(&clients, "aws").into(),
        }
    }

    /// The AWS command line's folder, for a search path.
    pub(crate) fn aws_folder(&self) -> &Path {
        self.aws.parent().unwrap()
    }

    /// The administrator's key.
    pub(crate) fn admin(&self) -> Key {
        Key { id: self.access_key.clone(), secret: self.secret_key.clone(), token: None }
    }

    /// Runs the AWS command line with a key.
    pub(crate) fn aws_as(&self, key: &Key, arguments: &[&str]) -> Output {
        let mut aws = Command::new(&self.aws);
        aws.env_clear().env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
        aws.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_DEFAULT_REGION", "us-east-1");
        aws.env("AWS_ACCESS_KEY_ID", &key.id).env("AWS_SECRET_ACCESS_KEY", &key.secret);
        aws.envs(key.token.iter().map(|token| ("AWS_SESSION_TOKEN", token)));
        aws.args(arguments).output().unwrap()
    }

    /// The same as the administrator, where it must succeed.
    pub(crate) fn aws(&self, arguments: &[&str]) -> String {
        let output = self.aws_as(&self.admin(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A role that may do anything in S3, for whom the trust statement says; its name.
    pub(crate) fn role(&self, trust: &Value) -> String {
        self.role_that("s3:*", trust)
    }

    /// A role that may do this to everything, for whom the trust statement says; its name.
    pub(crate) fn role_that(&self, may: &str, trust: &Value) -> String {
        let role = unused("agent");
        let policy = |statement: &Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let create = ["iam", "create-role", "--role-name", &role, "--assume-role-policy-document", &policy(trust)];
        self.aws(&create);
        let allowed = policy(&json!({"Effect": "Allow", "Action": may, "Resource": "*"}));
        let put = ["iam", "put-role-policy", "--role-name", &role, "--policy-name", "its-own"];
        self.aws(&[&put[..], &["--policy-document", &allowed]].concat());
        role
    }

    /// Whom a role trusts that the administrator's key assumes.
    pub(crate) fn trust_admin() -> Value {
        json!({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/admin"]}, "Action": ["sts:AssumeRole"]})
    }

    /// Makes an issuer known; its name among a role's principals.
    pub(crate) fn provider(&self, issuer: &str, audiences: &[&str]) -> String {
        let thumbprint = "0".repeat(40); // Ceph 16 does not compare it; what it trusts is the certificate in the key set
        let create = ["iam", "create-open-id-connect-provider", "--url", issuer, "--thumbprint-list", &thumbprint];
        self.aws(&[&create[..], &["--client-id-list"], audiences].concat());
        format!("arn:aws:iam:::oidc-provider/{}", host(issuer))
    }

    /// Whom a role trusts that is got with a token of this issuer, for an audience and for subjects of these patterns.
    pub(crate) fn trust_issuer(issuer: &str, audience: &str, subjects: &[String]) -> Value {
        let host = host(issuer);
        json!({
            "Effect": "Allow",
            "Principal": {"Federated": [format!("arn:aws:iam:::oidc-provider/{host}")]},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {
                "StringEquals": {format!("{host}:aud"): audience},
                "StringLike": {format!("{host}:sub"): subjects},
            },
        })
    }

    /// A bucket with the objects `grace/one` and `other/one`; its name.
    pub(crate) fn bucket(&self) -> String {
        let bucket = unused("work");
        self.aws(&["s3api", "create-bucket", "--bucket", &bucket]);
        for object in ["grace/one", "other/one"] {
            self.aws(&["s3api", "put-object", "--bucket", &bucket, "--key", object]);
        }
        bucket
    }

    /// Whether a key may read an object, as the gateway sees it. Anything but yes and no is a failure of the test.
    pub(crate) fn may_read(&self, key: &Key, bucket: &str, object: &str) -> bool {
        let get = ["s3api", "head-object", "--bucket", bucket, "--key", object];
        let output = self.aws_as(key, &get);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || complaint.contains("(403)"), "{complaint}");
        output.status.success()
    }

    /// A role's policies of ours, by name.
    pub(crate) fn denies(&self, role: &str) -> Vec<String> {
        let listed = self.aws(&["iam", "list-role-policies", "--role-name", role, "--output", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let names = listed["PolicyNames"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("writ-deny-")).collect()
    }

    /// What a role's policies of ours say, one after another.
    pub(crate) fn denied(&self, role: &str) -> String {
        let get = |name: &String| self.aws(&["iam", "get-role-policy", "--role-name", role, "--policy-name", name]);
        self.denies(role).iter().map(get).collect()
    }

    /// The gateway's own log of operations on a bucket.
    pub(crate) fn operations(&self, bucket: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["bucket"] == bucket).collect()
    }
}
