//! `writ run`: a command under a governed session, from opening it to the summary.

mod agent;
mod beat;
mod carriers;
mod certificate;
mod child;
mod delivery;
mod door;
mod environment;
mod family;
mod gates;
mod git;
mod hooks;
mod listen;
mod nested;
mod orphans;
mod parts;
mod pg;
mod process;
mod propagation;
mod push_options;
mod recorder;
pub(crate) mod session;
mod session_folder;
mod settings_file;
mod signals;
mod summary;
mod supervise;
mod terminal;
mod vault;
mod workspace;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::api::Opened;
use crate::cli::Run;
use crate::client::{Client, ClientError};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::inside::{Ask, Inside};
use crate::memory::Watch;
use crate::output::clean;
use beat::{Beats, News};
use carriers::{Carriers, Start};
use child::Child;
pub(crate) use child::not_started;
pub(crate) use delivery::inject::variable as injected_variable;
pub(crate) use environment::SERVER_VARIABLE;
pub(crate) use nested::start as inside_claude;

use environment::Environment;
use orphans::Orphans;
use session::OpenSession;
use settings_file::{Bound, ClaudeArguments, SettingsFile};
use signals::Signals;
use supervise::Ended;
use vault::Vault;
use workspace::{Place, Plan};

/// Runs the command and passes its exit code on.
pub(crate) async fn run(arguments: Run) -> Result<Exit, CommandError> {
    launch(arguments).await.map_err(|error| match error.exit() {
        // How the start of the command itself failed has its own codes.
        Exit::NotExecutable | Exit::NotFound => error,
        _ => error.ending(Exit::LauncherFailed),
    })
}

async fn launch(arguments: Run) -> Result<Exit, CommandError> {
    let opener = Opener::find(arguments.server.as_deref(), arguments.trust.as_deref())?;
    let environment = Environment::scrubbed(std::env::vars_os(), &arguments.keep_env);
    // What can be wrong with the command line or the repository is found before a session exists.
    let asked = Asked::read(&arguments.command, &environment)?;
    let plan = Plan::make(&arguments, matches!(opener, Opener::Inside(_))).await?;
    let ask = OpenSession {
        project: arguments.project,
        ttl_seconds: arguments.ttl.as_secs(),
        budget_usd_nanos: arguments.budget.map(domain::Usd::nanos),
        profile: Some(arguments.profile),
        beats: true,
    };
    let (client, opened) = opener.open(&ask).await?;
    announce(&opened, &environment);
    let governed = Governed { client: &client, opened: &opened, is_claude: asked.claude.is_some() };
    let job = Job { asked, environment, with_git: !arguments.no_git };
    let (ended, place) = match governed.work(job, plan).await {
        Ok(done) => done,
        Err(error) => return Err(governed.abandon(error).await),
    };
    place.finish().await;
    governed.finish(&ended).await;
    opener.look_back().await;
    Ok(Exit::Child(ended.exit_code))
}

/// What to run.
struct Job {
    asked: Asked,
    environment: Environment,
    with_git: bool,
}

/// The command as it was asked for.
struct Asked {
    program: OsString,
    rest: Vec<OsString>,
    /// The arguments, when it is Claude Code.
    claude: Option<ClaudeArguments>,
    /// Claude Code's program, if there is one.
    installed: Option<PathBuf>,
}

impl Asked {
    fn read(command: &[OsString], environment: &Environment) -> Result<Self, CommandError> {
        let (program, rest) = command.split_first().ok_or_else(|| CommandError::usage("no command given"))?;
        child::look_up(program, environment.path())?;
        let claude = settings_file::is_claude(program).then(|| ClaudeArguments::take(rest)).transpose()?;
        let found = environment.find_program(nested::CLAUDE).and_then(|path| std::path::absolute(path).ok());
        let has_folder = program.as_encoded_bytes().contains(&b'/');
        // By its path: its name will lead to the program in the session's folder.
        let program = match &found {
            Some(found) if claude.is_some() && !has_folder => found.clone().into(),
            _ => program.clone(),
        };
        let installed = found.or_else(|| claude.as_ref().and_then(|_| std::path::absolute(&program).ok()));
        Ok(Self { program, rest: rest.to_vec(), claude, installed })
    }

    /// The whole command line, and the settings file that must live as long as the command.
    fn bind(self, bound: &Bound<'_>) -> Result<(Vec<OsString>, Option<SettingsFile>), CommandError> {
        let Some(claude) = self.claude else {
            return Ok((std::iter::once(self.program).chain(self.rest).collect(), None));
        };
        let file = SettingsFile::write(&hooks::with_hooks(claude.settings(bound)))?;
        let governed = [settings_file::FLAG.into(), file.path().as_os_str().to_owned()];
        Ok((std::iter::once(self.program).chain(governed).chain(claude.rest).collect(), Some(file)))
    }
}

/// Who opens the session.
enum Opener {
    /// The developer who is signed in here.
    SignedIn(Box<Client>, Watch),
    /// The session that this runs in: what starts inside a session stays inside it, whoever is signed in here. Its
    /// launcher watches the log.
    Inside(Inside),
}

impl Opener {
    fn find(server: Option<&str>, trust: Option<&Path>) -> Result<Self, CommandError> {
        if let Some(outer) = Inside::find() {
            return Ok(Self::Inside(outer));
        }
        let home = Home::find()?;
        let client = home.client(server)?;
        let watch = Watch::new(&home, client.address(), trust)?;
        Ok(Self::SignedIn(Box::new(client), watch))
    }

    async fn open(&self, ask: &OpenSession) -> Result<(Client, Opened), CommandError> {
        match self {
            Self::Inside(outer) => open_child(outer, ask),
            Self::SignedIn(client, watch) => {
                // No session is opened under a log that contradicts what it showed before.
                watch.check(client).await?;
                Ok((Client::clone(client), client.post("/v1/sessions", ask).await?))
            }
        }
    }

    /// Looks at the log once more, at the end.
    async fn look_back(&self) {
        if let Self::SignedIn(client, watch) = self {
            watch.look_back(client).await;
        }
    }
}

/// A child of the session that this runs in.
fn open_child(outer: &Inside, ask: &OpenSession) -> Result<(Client, Opened), CommandError> {
    let answer = outer.ask(&Ask::Open(ask.clone()))?;
    let strange = |error: &dyn std::error::Error| {
        CommandError::failed("the launcher of the session around this one is of another version").because(error)
    };
    let opened: Opened = serde_json::from_value(answer).map_err(|error| strange(&error))?;
    let server = std::env::var(SERVER_VARIABLE).map_err(|error| strange(&error))?;
    let address = server.parse().map_err(CommandError::usage)?;
    Ok((Client::new(address)?.with_bearer(opened.token.as_str()), opened))
}

/// A session with what is needed to end it.
struct Governed<'a> {
    client: &'a Client,
    opened: &'a Opened,
    is_claude: bool,
}

impl Governed<'_> {
    /// Makes the place to work in and runs the command there, beats for the session meanwhile, and waits for the end.
    async fn work(&self, job: Job, plan: Plan) -> Result<(Ended, Place), CommandError> {
        let as_session = Client::new(self.client.address().clone())?.with_bearer(self.opened.token.as_str());
        // The checkout of a large repository may take longer than a session lives without beats.
        let (beats, news) = Beats::start(self.client.address(), self.opened)?;
        let done = match plan.carry_out(&as_session, self.opened, &job.environment).await {
            Ok(place) => match self.work_in(&place, &as_session, job, news).await {
                Ok(ended) => Ok((ended, place)),
                Err(error) => {
                    place.finish().await;
                    Err(error)
                }
            },
            Err(error) => Err(error),
        };
        beats.stop();
        done
    }

    /// Sets everything up for the command, runs it and waits for its end.
    async fn work_in(
        &self,
        place: &Place,
        as_session: &Client,
        job: Job,
        news: mpsc::Receiver<News>,
    ) -> Result<Ended, CommandError> {
        let Job { asked, environment, with_git } = job;
        let (opened, server) = (self.opened, self.client.address());
        let asked = Asked { program: place.program(asked.program), ..asked };
        let environment = match place.folder() {
            Some(folder) => environment.in_folder(folder),
            None => environment,
        };
        let mut carried = propagation::variables(opened, &environment, control::seam::random());
        let claude = asked.installed.clone();
        let start = Start { opened, environment: &environment, carried: &carried, claude: claude.as_deref(), place };
        let carriers = Carriers::prepare(as_session, start, with_git).await?;
        let (key_helper, delivered) = (carriers.key_helper(), carriers.delivered());
        let bound = Bound { server, opened, key_helper, carried: &carried, delivered };
        let (command, _settings) = asked.bind(&bound)?;
        carried.extend_from_slice(carriers.variables());
        carried.extend_from_slice(place.variables());
        let environment = environment.for_child(opened, server, &carried);
        let ended = self.supervised(&command, environment, place.folder(), news, &carriers.vault()).await?;
        carriers.finish(&opened.session.id, place).await;
        Ok(ended)
    }

    /// Starts the command and waits for its end.
    async fn supervised(
        &self,
        command: &[OsString],
        environment: Environment,
        folder: Option<&Path>,
        news: mpsc::Receiver<News>,
        vault: &Vault,
    ) -> Result<Ended, CommandError> {
        let signals = Signals::listen()?;
        orphans::become_parent();
        let child = Child::spawn(command, environment, folder)?;
        let _orphans = Orphans::adopt(child.group());
        supervise::until_over(child, signals, news, vault).await
    }

    /// Ends a session whose command never ran.
    async fn abandon(&self, error: CommandError) -> CommandError {
        match session::end(self.client, &self.opened.session.id, i32::from(error.exit().code())).await {
            Ok(_) => error,
            Err(_) => error.hinted(session::lapses(&self.opened.session.id)),
        }
    }

    /// Ends the session and says how it went. The command's exit code stands whatever happens here.
    async fn finish(&self, ended: &Ended) {
        let id = &self.opened.session.id;
        if let Some(text) = &ended.over {
            eprintln!("writ: the agent was stopped: {}", clean(text));
        }
        match session::end(self.client, id, i32::from(ended.exit_code)).await {
            Ok(session) => {
                if ended.over.is_none() {
                    summary::tell_if_cut_off(&session);
                }
                summary::print(self.client, &session, self.is_claude).await;
            }
            Err(error) => {
                let reason = match error {
                    ClientError::Refused(problem) => problem.sentence(),
                    other => other.to_string(),
                };
                eprintln!("writ: cannot end the session: {reason}; {}", session::lapses(id));
            }
        }
    }
}

fn announce(opened: &Opened, environment: &Environment) {
    let session = &opened.session;
    let work = match &session.project {
        Some(project) => format!("project {}", clean(&project.name)),
        None => "no project (its cost is shown as unattributed)".to_owned(),
    };
    eprintln!("writ: session {} of {} for {work}", session.id, clean(&session.developer.login));
    let kept_back = environment.kept_back();
    if !kept_back.is_empty() {
        eprintln!("writ: not passed on: {} (--keep-env NAME passes one on)", kept_back.join(", "));
    }
}
