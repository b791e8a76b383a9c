//! The workspace of a session: planned before the session is opened, made for it, kept at its end.

mod ending;
pub(super) mod lease;
mod machine;
pub(super) mod ports;
mod upkeep;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use control::seam::Clock;
use domain::SessionId;

use super::environment::Environment;
use crate::api::Opened;
use crate::cli::Run;
use crate::client::Client;
use crate::command_error::CommandError;
use crate::output::clean;
use crate::workspace::{self, Found, Order, Owner, Root, Source, WORKSPACE_VARIABLE, Workspace};
pub(super) use ending::{finish, plural};
use lease::{Leases, Lessor};

/// Where the command will work.
#[derive(Debug)]
pub(super) enum Plan {
    /// Where the launcher was started.
    Here,
    /// In a workspace of this repository.
    Own(Box<Own>),
}

/// A workspace to make.
#[derive(Debug)]
pub(super) struct Own {
    root: Root,
    source: Source,
    with_changes: bool,
}

/// Where the command works.
#[derive(Debug, Default)]
pub(super) struct Place {
    workspace: Option<(Root, Workspace)>,
    /// The command's current folder; none is the launcher's.
    folder: Option<PathBuf>,
    /// What the command is told about it.
    variables: Vec<(String, OsString)>,
    /// First ports of the blocks of this session and those around it.
    port_bases: Vec<u16>,
}

/// What a workspace tells the command, and what a session inside that works in the same place passes on.
const VARIABLES: [&str; 5] = [WORKSPACE_VARIABLE, "WRIT_PORT_BASE", "WRIT_PORT_COUNT", "WRIT_DATABASE", AROUND];
/// Those of them that are leased, and that of compose, which is nobody's own.
const LEASED: [&str; 4] = ["WRIT_PORT_BASE", "WRIT_PORT_COUNT", "WRIT_DATABASE", "COMPOSE_PROJECT_NAME"];
/// First ports of the blocks of this session and those around it, with commas: a session does not stand in the way of those
/// inside it, so the control plane would grant them again.
pub(super) const AROUND: &str = "WRIT_PORTS_AROUND";

/// The setting that turns workspaces off.
const SETTING: &str = "writ.workspace";

// === impl Plan ===

impl Plan {
    /// Decides from the command line, the repository's setting and where this is.
    ///
    /// # Errors
    /// A workspace was asked for and cannot be made here, or the repository is damaged.
    pub(super) async fn make(arguments: &Run, is_inside: bool) -> Result<Self, CommandError> {
        let is_asked_for = arguments.workspace || arguments.with_changes;
        if arguments.here {
            if !is_inside {
                eprintln!(
                    "writ: working in place: other sessions may change the same files, and nothing is kept at the end"
                );
            }
            return Ok(Self::Here);
        }
        // What runs inside a session works for it, where it works.
        if is_inside && !is_asked_for {
            return Ok(Self::Here);
        }
        let folder = std::env::current_dir().map_err(|error| {
            CommandError::failed("cannot tell the current folder").because(&error).hinted("was it removed?")
        })?;
        let source = match Source::find(&folder).await? {
            Found::Repository(source) => source,
            Found::Nothing(why) if is_asked_for => {
                return Err(CommandError::usage(format!("cannot make a workspace: {}", clean(&why)))
                    .hinted("leave --workspace and --with-changes out to work in place"));
            }
            Found::Nothing(why) => {
                eprintln!("writ: working in place: {}", clean(&why));
                return Ok(Self::Here);
            }
        };
        if !is_asked_for && source.flag(SETTING)? == Some(false) {
            eprintln!("writ: working in place: `git config {SETTING}` says so");
            return Ok(Self::Here);
        }
        let own = Own { root: Root::find()?, source: *source, with_changes: arguments.with_changes };
        Ok(Self::Own(Box::new(own)))
    }

    /// Makes the workspace, and leases what belongs to it; `client` speaks as the session.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) async fn carry_out(
        self,
        client: &Client,
        opened: &Opened,
        environment: &Environment,
    ) -> Result<Place, CommandError> {
        let Self::Own(own) = self else { return Ok(Place::around(environment)) };
        let strange = |error: &dyn std::error::Error| {
            CommandError::failed("the control plane gave the session an id that is none").because(error)
        };
        let session = opened.session.id.parse::<SessionId>().map_err(|error| strange(&error))?;
        let owner = Owner::from(session);
        let order = Order { owner: owner.clone(), with_changes: own.with_changes, at: Clock::System.now() };
        let mut around: Vec<u16> = environment.before(AROUND).map(ports::list).unwrap_or_default();
        // None of the three needs another.
        let (workspace, leases, left_behind) = tokio::join!(
            workspace::create(&own.root, &own.source, &order),
            own.lease(client, &owner, &around),
            own.left_behind(),
        );
        let workspace = workspace?;
        let tree = workspace.tree();
        // Without the slash that git ends it with.
        let folder: PathBuf = tree.join(&own.source.prefix).components().collect();
        // A folder without a file that git knows is not in the checkout.
        std::fs::create_dir_all(&folder)
            .map_err(|error| CommandError::failed("cannot make the folder in the workspace").because(&error))?;
        announce(&workspace, &leases, left_behind);
        upkeep::start(own.root.clone());
        let told = variables(&tree, &leases).into_iter();
        let mut variables: Vec<_> = told.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
        around.extend(leases.port_base());
        variables.push((AROUND.to_owned(), ports::listed(&around).into()));
        Ok(Place { workspace: Some((own.root, workspace)), folder: Some(folder), variables, port_bases: around })
    }
}

// === impl Own ===

impl Own {
    async fn lease(&self, client: &Client, owner: &Owner, around: &[u16]) -> Leases {
        lease(client, &self.root, (&self.source.name(), owner), around).await
    }

    /// How many of the developer's files do not come along; none when git does not say.
    async fn left_behind(&self) -> usize {
        if self.with_changes { 0 } else { self.source.changed_files().await.unwrap_or_default() }
    }
}

/// Leases what belongs to a workspace of a repository; blocks `around` it are taken already.
pub(super) async fn lease(
    lessor: &impl Lessor,
    root: &Root,
    (repository, owner): (&str, &Owner),
    around: &[u16],
) -> Leases {
    match machine::name(root) {
        Ok(machine) => Leases::take(lessor, &machine, (repository, owner), (around, ports::nobody_listens)).await,
        Err(error) => Leases::none(format!("nothing is leased: {error}")),
    }
}

/// What a workspace tells commands in it; none is what it has not.
pub(super) fn variables(tree: &Path, leases: &Leases) -> Vec<(&'static str, Option<String>)> {
    let leased = leases.variables();
    let of = |name: &'static str| {
        let value = leased.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        (name, value)
    };
    let tree = (WORKSPACE_VARIABLE, tree.to_str().map(str::to_owned));
    std::iter::once(tree).chain(LEASED.map(of)).collect()
}

fn announce(workspace: &Workspace, leases: &Leases, left_behind: usize) {
    let tree = workspace.tree();
    let ports = leases.ports().map(|ports| format!(", {ports}")).unwrap_or_default();
    eprintln!("writ: workspace {}, branch {}{ports}", clean(&tree.to_string_lossy()), workspace.record.branch);
    for note in &leases.notes {
        eprintln!("writ: {note}");
    }
    if left_behind > 0 {
        let files = plural(left_behind, "changed or untracked file");
        eprintln!("writ: {files} of yours stay behind; --with-changes brings them along");
    }
}

// === impl Place ===

impl Place {
    /// The command's current folder; none is the launcher's.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The launcher's own folder; in a session's workspace that session's ports and names are meant.
    fn around(environment: &Environment) -> Self {
        let before = |name: &&str| Some(((*name).to_owned(), environment.before(name)?.into()));
        let port_bases = environment.before(AROUND).map(ports::list).unwrap_or_default();
        Self { variables: VARIABLES.iter().filter_map(before).collect(), port_bases, ..Self::default() }
    }

    /// What the command is told about it.
    pub(super) fn variables(&self) -> &[(String, OsString)] {
        &self.variables
    }

    /// First ports of the blocks of this session and those around it.
    pub(super) fn port_bases(&self) -> Vec<u16> {
        self.port_bases.clone()
    }

    /// Whether a path is in the session's own workspace.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.workspace.as_ref().is_some_and(|(_, workspace)| workspace.has(path))
    }

    /// A program that was named by a path from the developer's folder, and that the workspace does not have.
    pub(super) fn program(&self, program: OsString) -> OsString {
        let path = Path::new(&program);
        let is_path = path.is_relative() && program.as_encoded_bytes().contains(&b'/');
        match &self.folder {
            Some(folder) if is_path && !folder.join(path).exists() => {
                std::path::absolute(path).map_or(program, PathBuf::into_os_string)
            }
            _ => program,
        }
    }

    /// Keeps what the session made and says where. The command's exit code stands whatever happens here.
    pub(super) async fn finish(self) {
        if let Some((root, mut workspace)) = self.workspace {
            finish(&root, &mut workspace, true).await;
        }
    }
}
