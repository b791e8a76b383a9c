//! What a tool is about to do: to which files, and what that needs.

use std::path::{Path, PathBuf};

use domain::lock::Want;
use policy::Rules;
use policy::rules::{CommandContext, How};

use super::input::Input;
use super::site::{Place, Sites, Tree, real};
use super::stale::Deed;

/// The use of a tool.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Act {
    /// Files that it changes.
    pub(in crate::run) targets: Vec<Target>,
    /// Files that it shows.
    pub(in crate::run) reads: Vec<Place>,
    /// What is needed besides locks on the targets.
    pub(in crate::run) wants: Vec<Want>,
    /// Folders of which all is changed.
    pub(in crate::run) folders: Vec<PathBuf>,
    /// Whether it may bring content that nobody has seen.
    pub(in crate::run) brings: bool,
    /// Whether it pushes.
    pub(in crate::run) pushes: bool,
    /// The working tree that it starts in.
    pub(in crate::run) tree: Option<Tree>,
    /// Whether it may change more than is seen.
    pub(in crate::run) is_command: bool,
    /// What it is, in a few words.
    pub(in crate::run) name: String,
}

/// A file that is to be changed.
#[derive(Debug, Clone)]
pub(in crate::run) struct Target {
    pub(in crate::run) place: Place,
    pub(in crate::run) deed: Deed,
}

impl Act {
    /// Reads the use of a tool.
    pub(in crate::run) fn of(input: &Input, sites: &Sites, rules: &Rules, home: Option<&str>) -> Self {
        let folder = Path::new(&input.cwd);
        let one = |name: &str, deed: Deed| {
            let place = input.text(name).map(|path| sites.find(folder, Path::new(path)));
            let targets: Vec<Target> = place.into_iter().map(|place| Target { place, deed }).collect();
            let shown = targets.first().map(|target| target.shown()).unwrap_or_default();
            Self { targets, name: format!("edit of {shown}"), ..Self::default() }
        };
        match input.tool_name.as_str() {
            // Replacing nothing is making a file.
            "Edit" if input.text("old_string") == Some("") => one("file_path", Deed::Overwrite),
            "Edit" | "MultiEdit" => one("file_path", Deed::Change),
            "Write" => one("file_path", Deed::Overwrite),
            "NotebookEdit" => one("notebook_path", Deed::Change),
            "Bash" => command(input, sites, rules, home),
            name => Self { wants: rules.for_tool(name), name: format!("call of {name}"), ..Self::default() },
        }
    }

    /// All that it needs, each resource once.
    pub(in crate::run) fn all_wants(&self, rules: &Rules) -> Vec<Want> {
        let files = self.targets.iter().filter_map(|target| want(&target.place, rules));
        let mut all = Want::each_once(self.wants.iter().cloned().chain(files).collect());
        all.truncate(domain::limits::LOCK_WANTS_MAX);
        all
    }
}

impl Target {
    /// Its path as people say it.
    pub(in crate::run) fn shown(&self) -> String {
        shown(&self.place)
    }
}

/// From the top of the working tree, else absolute.
pub(in crate::run) fn shown(place: &Place) -> String {
    match place.relative() {
        Some((_, path)) => path.to_owned(),
        None => place.path.to_string_lossy().into_owned(),
    }
}

/// What writing a file needs; nothing outside of a repository.
pub(in crate::run) fn want(place: &Place, rules: &Rules) -> Option<Want> {
    let (tree, path) = place.relative()?;
    rules.for_path(&tree.repository, path)
}

fn command(input: &Input, sites: &Sites, rules: &Rules, home: Option<&str>) -> Act {
    let text = input.text("command").unwrap_or_default();
    let folder = real(Path::new(&input.cwd));
    let tree = sites.tree(&folder);
    let (root, branch) =
        (tree.as_ref().map_or(folder.clone(), |tree| tree.root.clone()), tree.as_ref().and_then(Tree::branch));
    let (Some(folder), Some(root)) = (folder.to_str(), root.to_str()) else { return Act::default() };
    let repository = tree.as_ref().map(|tree| tree.repository.as_str());
    let context = CommandContext { repository, branch: branch.as_deref(), root, folder, home };
    let (wants, seen) = rules.for_command(&context, text);
    let mut act = Act {
        // Files come by their places, which know symbolic links.
        wants: wants.into_iter().filter(|want| want.resource.repository_path().is_none()).collect(),
        reads: seen.reads.iter().map(|touched| sites.find(Path::new("/"), Path::new(&touched.path))).collect(),
        brings: seen.brings,
        pushes: seen.pushes,
        is_command: true,
        name: seen.name,
        tree: tree.clone(),
        ..Act::default()
    };
    for touched in &seen.writes {
        act.add(sites.find(Path::new("/"), Path::new(&touched.path)), touched.how);
    }
    act
}

impl Act {
    fn add(&mut self, place: Place, how: How) {
        let is_folder = place.path.is_dir();
        let deed = match how {
            How::Below => {
                if is_folder {
                    self.folders.push(place.path.clone());
                }
                return;
            }
            // A copy goes into a folder under its own name, which is a target of its own.
            _ if is_folder => return,
            How::Overwrite | How::Into => Deed::Overwrite,
            How::Remove => Deed::Remove,
            How::Change | How::Read => Deed::Change,
        };
        let has_folder = place.path.parent().is_some_and(Path::is_dir);
        if has_folder {
            self.targets.push(Target { place, deed });
        }
    }
}
