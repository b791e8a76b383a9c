//! Several real clients side by side, each with a home of its own, at one stand-in model service: without writ, or each
//! inside `writ run`.

use std::path::{Path, PathBuf};
use std::process::Command;

use control::{CredentialSource, IntrospectionSettings};
use serde_json::{Value, json};
use simulator::{Config, Running, Simulator};
use tempfile::TempDir;

use super::client::{self, Client, arguments};
use super::player::Player;
use super::wall;
use crate::support::process::{WRIT, signed_in_by};
use crate::support::timed::Timed;
use crate::support::{Caller, Writ, WritOptions, run};

/// The project that all work for.
pub(super) const PROJECT: &str = "checkout";

/// Work in the folder itself.
pub(super) const HERE: &[&str] = &["--here"];

/// Work in a workspace.
pub(super) const WORKSPACE: &[&str] = &[];

/// The clients of one test, and what they share.
pub(super) struct Scene {
    program: PathBuf,
    folder: TempDir,
    house: House,
}

/// What stands between the clients and the model service.
enum House {
    Nothing(Running),
    Process(Box<Writ>, Caller),
    Timed(Box<Timed>),
}

/// Runs a test with clients that know nothing of writ.
pub(super) fn without_writ<F: Future<Output = ()>>(test: impl FnOnce(Scene) -> F) {
    with_house(async |_| House::Nothing(Simulator::start(Config::default()).await.unwrap()), test);
}

/// Runs a test with clients inside `writ run`, at a `writ serve`.
pub(super) fn with_writ<F: Future<Output = ()>>(options: WritOptions, test: impl FnOnce(Scene) -> F) {
    let start = async |folder: &Path| {
        let secret = wall::secret(folder);
        let gate = format!(
            "[[issuer.audiences]]\nname = {:?}\n[[introspection]]\naudience = {:?}\nsecret_file = {secret:?}\n",
            wall::AUDIENCE,
            wall::AUDIENCE
        );
        let options = WritOptions { tables: options.tables + &gate, ..options };
        let writ = Writ::start_with(options).await;
        let ada = writ.people().await.ada;
        House::Process(Box::new(writ), ada)
    };
    with_house(start, test);
}

/// The same at a server whose clock the test moves.
pub(super) fn with_timed_writ<F: Future<Output = ()>>(test: impl FnOnce(Scene) -> F) {
    let start = async |folder: &Path| {
        let secret = CredentialSource::File(wall::secret(folder));
        let gate = IntrospectionSettings { audience: wall::AUDIENCE.to_owned(), secret };
        let timed = Timed::start_with(vec![gate]).await;
        for (path, body) in [
            ("/v1/teams", json!({ "name": "payments" })),
            ("/v1/projects", json!({ "name": PROJECT, "teams": ["payments"] })),
        ] {
            let answer = timed.ada.post(path, body).await;
            assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        }
        House::Timed(Box::new(timed))
    };
    with_house(start, test);
}

fn with_house<F: Future<Output = ()>>(start: impl AsyncFnOnce(&Path) -> House, test: impl FnOnce(Scene) -> F) {
    let program = client::program();
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let house = start(folder.path()).await;
        test(Scene { program, folder, house }).await;
    });
}

impl Scene {
    pub(super) fn simulator(&self) -> &Running {
        match &self.house {
            House::Nothing(running) => running,
            House::Process(writ, _) => writ.simulator(),
            House::Timed(timed) => &timed.simulator,
        }
    }

    /// The server in a process of its own.
    pub(super) fn writ(&self) -> &Writ {
        match &self.house {
            House::Process(writ, _) => writ,
            _ => unreachable!("the scene has no process"),
        }
    }

    /// The server under a clock.
    pub(super) fn timed(&self) -> &Timed {
        match &self.house {
            House::Timed(timed) => timed,
            _ => unreachable!("the scene has no clock"),
        }
    }

    /// The administrator.
    pub(super) fn ada(&self) -> &Caller {
        match &self.house {
            House::Process(_, ada) => ada,
            House::Timed(timed) => &timed.ada,
            House::Nothing(_) => unreachable!("the scene has no writ"),
        }
    }

    /// A folder for the test's own things.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new developer who works on the project.
    pub(super) async fn developer(&self, login: &str) -> Caller {
        self.ada().developer(login).await
    }

    /// A repository with these files, committed on `main`, that any number of clients may work in.
    pub(super) fn repository(&self, files: &[(&str, &str)]) -> PathBuf {
        self.repository_named("repository", files)
    }

    pub(super) fn repository_named(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let tree = self.path(name);
        std::fs::create_dir(&tree).unwrap();
        git(&tree, &["init", "--quiet", "--initial-branch=main"]);
        for (path, content) in files {
            let file = tree.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        git(&tree, &["add", "."]);
        git(&tree, &["commit", "--quiet", "--message=Begin"]);
        tree
    }

    /// A bare repository with these files on `main`.
    pub(super) fn origin(&self, files: &[(&str, &str)]) -> PathBuf {
        let (tree, origin) = (self.repository(files), self.path("origin.git"));
        git(self.folder.path(), &["clone", "--quiet", "--bare", text(&tree), text(&origin)]);
        origin
    }

    /// A developer's clone of it.
    pub(super) fn clone_of(&self, origin: &Path, name: &str) -> PathBuf {
        let clone = self.path(name);
        git(self.folder.path(), &["clone", "--quiet", text(origin), text(&clone)]);
        git(&clone, &["config", "user.name", name]);
        git(&clone, &["config", "user.email", &format!("{name}@example.com")]);
        clone
    }

    /// Starts a client in that folder and waits until its model is asked.
    pub(super) async fn player(&self, name: &str, tree: &Path) -> Player {
        self.player_with(name, tree, None).await
    }

    /// The same with settings of the developer's own.
    pub(super) async fn player_with(&self, name: &str, tree: &Path, settings: Option<&Value>) -> Player {
        let client = self.client(tree, settings);
        let actor = self.simulator().actor(name);
        let command = client.plain(&self.simulator().url(), "a key", &actor.prompt());
        Player::start(client, actor, command).await
    }

    /// Starts a client inside `writ run`, as a developer who is signed in, with more options of `writ run`.
    pub(super) async fn governed(&self, developer: &Caller, name: &str, tree: &Path, options: &[&str]) -> Player {
        self.governed_with(developer, name, tree, options, None).await
    }

    /// The same with settings of the developer's own.
    pub(super) async fn governed_with(
        &self,
        developer: &Caller,
        name: &str,
        tree: &Path,
        options: &[&str],
        settings: Option<&Value>,
    ) -> Player {
        let client = self.client(tree, settings);
        self.run_by(Path::new(WRIT), developer, name, client, options).await
    }

    /// The same by a program that is a copy of `writ`.
    pub(super) async fn governed_by(&self, program: &Path, developer: &Caller, name: &str, tree: &Path) -> Player {
        let client = self.client(tree, None);
        self.run_by(program, developer, name, client, HERE).await
    }

    async fn run_by(&self, program: &Path, developer: &Caller, name: &str, client: Client, options: &[&str]) -> Player {
        let actor = self.simulator().actor(name);
        let home = self.path(&format!("home-{name}"));
        let mut writ = signed_in_by(program, developer, &home);
        client.environment(&mut writ);
        writ.env("WRIT_HOME", home).args(["run", "--project", PROJECT]).args(options).arg("--");
        writ.arg(&self.program).args(arguments(&actor.prompt()));
        Player::start(client, actor, writ).await
    }

    fn client(&self, tree: &Path, settings: Option<&Value>) -> Client {
        let client = Client::working_in(self.program.clone(), tree.to_owned());
        if let Some(settings) = settings {
            client.settings(settings);
        }
        client
    }
}

/// What stands in a file there.
pub(super) fn content(tree: &Path, path: &str) -> String {
    std::fs::read_to_string(tree.join(path)).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What stock git says in a folder, with an identity and nothing of the machine's configuration.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env_clear().env("PATH", client::path()).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    git.args(["-c", "user.name=A human", "-c", "user.email=human@example.com"]).args(arguments).current_dir(folder);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
