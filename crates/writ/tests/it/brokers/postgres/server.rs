//! The real server, the broker in front of it, and psql.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use brokers::broker::{
    Broker, BrokerError, Chance, Minted, Order, Revocation, Secrets, TokenAsk, TokenSource, Tools, Wire, WireError,
};
use bytes::Bytes;
use domain::{BrokerKind, CredentialId, DeveloperId, ProjectId, Scope, SessionId, Span, Time};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// What `tests/real/postgres start` tells.
#[derive(Debug)]
pub(crate) struct Real(Value);

/// A broker with what it is asked with.
#[derive(Debug)]
pub(super) struct Minting(Arc<dyn Broker>);

impl Real {
    /// Starts it, or finds it running.
    pub(crate) fn start() -> Self {
        let folder = std::env::var_os("WRIT_TEST_REAL")
            .expect("WRIT_TEST_REAL is not set: it names the folder tests/real of the repository");
        let script = PathBuf::from(folder).join("postgres");
        let output = Command::new(&script).arg("start").output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} start: {told} {complaint}", script.display());
        Self(serde_json::from_str(&told).unwrap())
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        u16::try_from(self.0["port"].as_u64().unwrap()).unwrap()
    }

    /// `server_version_num`.
    pub(super) fn version(&self) -> u32 {
        self.0["version"].as_u64().map_or_else(|| self.text("version").parse().unwrap(), |n| u32::try_from(n).unwrap())
    }

    /// Who administers a group, as GRANT wants it.
    pub(super) fn administration(&self) -> String {
        let options = if self.version() < 160_000 { "" } else { ", inherit false, set false" };
        format!("{} with admin option{options}", self.text("broker_user"))
    }

    /// Settings with one target `app`, and these in it.
    pub(crate) fn settings(&self, target: Value) -> Value {
        let mut app = json!({ "database": self.text("database"), "group": self.text("group") });
        app.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        json!({
            "host": self.text("host"), "port": self.port(), "user": self.text("broker_user"), "sslmode": "disable",
            "targets": { "app": app },
        })
    }

    /// The same over TLS, under the server's own root.
    pub(super) fn over_tls(&self, target: Value) -> Value {
        let mut settings = self.settings(target);
        settings["host"] = json!("localhost");
        settings["sslmode"] = json!("verify-full");
        settings["ca"] = json!(std::fs::read_to_string(self.text("ca")).unwrap());
        settings
    }

    /// The broker with one target `app`.
    pub(super) fn broker(&self, target: Value) -> Minting {
        Minting::open(&self.settings(target), self.text("broker_password"))
    }

    /// An order of a session of this number, for five minutes.
    pub(super) fn order(&self, number: u64) -> Order {
        self.order_at(number, 0, 300)
    }

    /// The same on a machine whose clock is off by this much, for so many seconds.
    pub(super) fn order_at(&self, number: u64, skew_millis: i64, seconds: u64) -> Order {
        let real_now = control::seam::Clock::System.now();
        let at = Time::from_unix_millis(real_now.unix_millis() + skew_millis);
        let random = u128::from_le_bytes(control::seam::random()) ^ u128::from(number);
        Order {
            credential: CredentialId::new(at, random),
            session: SessionId::new(at, random),
            sequence: 1,
            developer: DeveloperId::new(at, random),
            developer_name: "grace".to_owned(),
            project: ProjectId::new(at, random),
            project_name: "payments".parse().unwrap(),
            profile: "default".parse().unwrap(),
            target: "app".parse().unwrap(),
            scope: Scope::default(),
            at,
            expires_at: at + Span::from_secs(seconds),
            public_key: None,
        }
    }

    /// Where a minted role logs in.
    pub(super) fn url_of(&self, minted: &Minted) -> String {
        self.url_to(minted, self.text("database"))
    }

    /// The same for another database.
    pub(super) fn url_to(&self, minted: &Minted, database: &str) -> String {
        let field = |name| minted.secret.field(name).unwrap();
        format!("postgres://{}:{}@127.0.0.1:{}/{database}", field("user"), field("password"), self.port())
    }

    /// A statement of the superuser's; its rows as psql prints them.
    ///
    /// All tests share the server, and the server refuses one of two changes of the same row of its catalogue (the
    /// rights on a database, say) that meet; nothing of it was carried out, so it is said again.
    pub(crate) fn sql(&self, statement: &str) -> String {
        for _ in 0..50 {
            match psql(self.text("superuser_url"), statement) {
                Err(error) if error.contains("tuple concurrently updated") => {}
                done => return done.unwrap_or_else(|error| panic!("{statement}: {error}")),
            }
        }
        panic!("{statement}: met the change of another test fifty times")
    }

    /// Roles that are there of an order's session.
    pub(super) fn roles_of(&self, order: &Order) -> u32 {
        let session = order.session.to_string().to_lowercase();
        let ulid = session.trim_start_matches("ses_");
        self.sql(&format!("select count(*) from pg_roles where rolname like 's\\_{ulid}\\_%'")).parse().unwrap()
    }

    /// The server's log, whole.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.text("log")).unwrap()).into_owned()
    }
}

impl Minting {
    pub(super) fn open(settings: &Value, password: &str) -> Self {
        let secrets = Secrets::from([("password".to_owned(), Zeroizing::new(password.to_owned()))]);
        Self(brokers::open(BrokerKind::Postgres, &settings.to_string(), secrets).unwrap())
    }

    pub(super) fn plan(&self, order: &Order) -> brokers::broker::Plan {
        self.0.plan(order)
    }

    pub(super) async fn mint(&self, order: &Order) -> Result<Minted, BrokerError> {
        self.mint_with(order, Chance { now: order.at, random: control::seam::random() }).await
    }

    pub(super) async fn mint_with(&self, order: &Order, chance: Chance) -> Result<Minted, BrokerError> {
        let minted = bounded(self.0.mint(order, &tools(), chance)).await;
        if let Some(password) = minted.iter().find_map(|minted| minted.secret.field("password")) {
            crate::support::leaks::minted("postgres", "password", password);
        }
        minted
    }

    /// Ends it by what was planned.
    pub(super) async fn revoke(&self, order: &Order) -> Result<Revocation, BrokerError> {
        let handle = self.0.plan(order).handle.unwrap();
        let chance = Chance { now: order.at, random: [0; 32] };
        bounded(self.0.revoke(order, &handle, &tools(), chance)).await
    }
}

async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), work).await.expect("the broker did not answer within two minutes")
}

/// Runs a statement; its rows, or the first line of the complaint.
pub(crate) fn psql(url: &str, statement: &str) -> Result<String, String> {
    let output = command(url, statement).output().unwrap();
    finished(&output)
}

/// psql, not started yet. The URL's password is not among its arguments.
pub(super) fn command(url: &str, statement: &str) -> Command {
    let (url, password) = parted(url);
    let mut command = Command::new("psql");
    command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", &url, "-c", statement]).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("PGPASSWORD", password);
    command
}

/// A URL without its password, and the password.
pub(super) fn parted(url: &str) -> (String, String) {
    let parts = url.split_once('@').and_then(|(who, place)| Some((who.rsplit_once(':')?, place)));
    match parts {
        Some(((user, password), place)) if user.contains("//") => {
            (format!("{user}@{place}"), password.replace("%20", " "))
        }
        _ => (url.to_owned(), String::new()),
    }
}

pub(super) fn finished(output: &std::process::Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    // What psql puts in front of a refused log-in names the address.
    let line = complaint.lines().next().unwrap_or_default();
    let place = line.find("FATAL:").or_else(|| line.find("ERROR:")).unwrap_or(0);
    Err(line[place..].to_owned())
}

fn tools() -> Tools {
    Tools { wire: Arc::new(Nothing), tokens: Arc::new(Nothing) }
}

/// This broker needs neither HTTP nor writ's own tokens.
struct Nothing;

impl Wire for Nothing {
    fn send<'a>(
        &'a self,
        _request: http::Request<Bytes>,
        _within: Duration,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async { Err(WireError::NotSent("nothing is sent here".to_owned())) })
    }
}

impl TokenSource for Nothing {
    fn token(&self, _ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        Err(BrokerError::operator("no tokens here"))
    }
}
