//! With real repositories: what git says is what counts.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A bare repository with one commit on `main`, and a clone of it.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.git("", &["init", "-q", "--bare", "-b", "main", "server.git"]);
        scene.git("", &["clone", "-q", "server.git", "work"]);
        scene.git("work", &["switch", "-q", "-c", "main"]);
        scene.commit("a", "1");
        scene.commit("infra/prod/b", "1");
        scene.git("work", &["push", "-q", "origin", "main"]);
        scene
    }

    fn at(&self, folder: &str) -> PathBuf {
        self.folder.path().join(folder)
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.args(arguments).current_dir(self.at(folder)).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.at("work").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn commit(&self, path: &str, content: &str) -> String {
        self.write(path, content);
        self.commit_all(&format!("change {path}"))
    }

    fn commit_all(&self, message: &str) -> String {
        self.git("work", &["add", "-A"]);
        self.git("work", &["commit", "-q", "-m", message]);
        self.head("HEAD")
    }

    fn head(&self, name: &str) -> String {
        self.git("work", &["rev-parse", name])
    }

    /// The objects are in the server, as they are in a hook; no ref leads to them.
    fn upload(&self) {
        self.git("work", &["push", "-q", "origin", "+HEAD:refs/writ/keep/ses_other"]);
    }

    async fn changes(&self, updates: &[(&str, &str, &str)]) -> Result<Changes, GitError> {
        self.upload();
        let zero = "0".repeat(40);
        let id = |text: &str| ObjectId::parse(if text.is_empty() { &zero } else { text }.as_bytes()).unwrap();
        let updates: Vec<Update> = updates
            .iter()
            .map(|(old, new, name)| Update { old: id(old), new: id(new), name: (*name).to_owned() })
            .collect();
        of(&Repository::at(self.at("server.git")), &updates).await
    }

    /// The paths that one new branch of a session touches.
    async fn paths(&self, new: &str) -> Vec<String> {
        paths(&self.changes(&[("", new, "refs/heads/s/ses_1/x")]).await.unwrap())
    }
}

fn paths(changes: &Changes) -> Vec<String> {
    changes.paths.keys().map(|path| String::from_utf8_lossy(path).into_owned()).collect()
}

#[tokio::test]
async fn each_new_commit_counts_and_what_the_server_has_does_not() {
    let scene = Scene::new();
    scene.git("work", &["switch", "-q", "-c", "s"]);
    scene.commit("c", "1");
    scene.commit("a", "2");
    // Changed and changed back is touched all the same.
    scene.write("d", "1");
    scene.commit_all("add");
    std::fs::remove_file(scene.at("work").join("d")).unwrap();
    let tip = scene.commit_all("remove");
    let changes = scene.changes(&[("", &tip, "refs/heads/s/ses_1/x")]).await.unwrap();
    assert_eq!(paths(&changes), ["a", "c", "d"]);
    assert_eq!((changes.commit_count, changes.commits.len()), (4, 4));
    assert_eq!(changes.kinds, [Kind::Create]);
}

#[tokio::test]
async fn a_base_older_than_what_others_merged_is_no_change() {
    let scene = Scene::new();
    let base = scene.head("main");
    scene.commit("infra/prod/b", "merged by somebody else");
    scene.git("work", &["push", "-q", "origin", "main"]);
    scene.git("work", &["switch", "-q", "-c", "s", &base]);
    let tip = scene.commit("a", "2");
    assert_eq!(scene.paths(&tip).await, ["a"]);
}

#[tokio::test]
async fn a_merge_counts_for_what_it_decides() {
    let scene = Scene::new();
    let base = scene.head("main");
    scene.commit("infra/prod/b", "2");
    scene.git("work", &["push", "-q", "origin", "main"]);
    // Git's own merge decides nothing.
    scene.git("work", &["switch", "-q", "-c", "clean", &base]);
    scene.commit("a", "2");
    scene.git("work", &["merge", "-q", "main", "-m", "merge"]);
    assert_eq!(scene.paths(&scene.head("HEAD")).await, ["a"]);
    // One that drops what others did, or changes it on the way, does.
    scene.git("work", &["switch", "-q", "-c", "ours", &base]);
    scene.commit("a", "2");
    scene.git("work", &["merge", "-q", "-s", "ours", "main", "-m", "merge"]);
    assert_eq!(scene.paths(&scene.head("HEAD")).await, ["a", "infra/prod/b"]);
    scene.git("work", &["switch", "-q", "-c", "evil", &base]);
    scene.commit("a", "2");
    scene.git("work", &["merge", "-q", "--no-commit", "main"]);
    scene.write("infra/prod/b", "3");
    assert_eq!(scene.paths(&scene.commit_all("merge")).await, ["a", "infra/prod/b"]);
    // Of three branches git tells nothing by itself.
    for name in ["x", "y"] {
        scene.git("work", &["switch", "-q", "-c", name, &base]);
        scene.commit(name, "1");
    }
    scene.git("work", &["switch", "-q", "-c", "octopus", &base]);
    scene.commit("a", "2");
    scene.git("work", &["merge", "-q", "x", "y", "-m", "merge"]);
    assert_eq!(scene.paths(&scene.head("HEAD")).await, ["a", "x", "y"]);
}

#[tokio::test]
async fn a_rename_touches_both_sides_and_a_deletion_what_it_deletes() {
    let scene = Scene::new();
    scene.git("work", &["mv", "infra/prod/b", "elsewhere"]);
    assert_eq!(scene.paths(&scene.commit_all("move")).await, ["elsewhere", "infra/prod/b"]);
    scene.git("work", &["reset", "-q", "--hard", "HEAD~1"]);
    scene.git("work", &["rm", "-q", "infra/prod/b"]);
    assert_eq!(scene.paths(&scene.commit_all("delete")).await, ["infra/prod/b"]);
}

#[tokio::test]
async fn a_symbolic_link_in_the_place_of_a_folder_touches_what_was_in_it() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.at("work").join("infra")).unwrap();
    std::os::unix::fs::symlink("elsewhere", scene.at("work").join("infra")).unwrap();
    assert_eq!(scene.paths(&scene.commit_all("link")).await, ["infra", "infra/prod/b"]);
}

#[tokio::test]
async fn a_submodule_is_told_apart() {
    let scene = Scene::new();
    let id = scene.head("HEAD");
    scene.git("work", &["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendor/lib")]);
    scene.git("work", &["commit", "-q", "-m", "submodule"]);
    let tip = scene.head("HEAD");
    let changes = scene.changes(&[("", &tip, "refs/heads/s/ses_1/x")]).await.unwrap();
    assert_eq!(changes.paths, BTreeMap::from([(b"vendor/lib".to_vec(), Touched::Submodule)]));
}

#[tokio::test]
async fn paths_are_bytes() {
    let scene = Scene::new();
    let names =
        ["new\nline", "quo\"te'", "tab\there", "\u{1}:100644", "caf\u{e9}", "cafe\u{301}", "sp ace", "-dash", ":colon"];
    for name in names {
        scene.write(name, "1");
    }
    let tip = scene.commit_all("odd names");
    let mut expected: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(scene.paths(&tip).await, expected);
}

#[tokio::test]
async fn a_ref_that_is_no_session_s_own_counts_from_where_it_was() {
    let scene = Scene::new();
    let old = scene.head("main");
    // The session pushed its branch before: nothing of it is new any more.
    scene.git("work", &["switch", "-q", "-c", "s"]);
    let tip = scene.commit("infra/prod/b", "2");
    scene.git("work", &["push", "-q", "origin", "s:refs/heads/s/ses_1/x"]);
    let own = scene.changes(&[("", &tip, "refs/heads/s/ses_1/y")]).await.unwrap();
    assert_eq!((paths(&own), own.commit_count), (Vec::new(), 0));
    let main = scene.changes(&[(&old, &tip, "refs/heads/main")]).await.unwrap();
    assert_eq!((paths(&main), main.kinds), (vec!["infra/prod/b".to_owned()], vec![Kind::Update]));
    // Back again, by force.
    let back = scene.changes(&[(&tip, &old, "refs/heads/main")]).await.unwrap();
    assert_eq!((paths(&back), back.kinds), (vec!["infra/prod/b".to_owned()], vec![Kind::Force]));
}

#[tokio::test]
async fn rescued_work_is_looked_at_when_it_comes_to_a_branch() {
    let scene = Scene::new();
    scene.git("work", &["switch", "-q", "-c", "s"]);
    let tip = scene.commit("infra/prod/b", "2");
    let kept = scene.changes(&[("", &tip, "refs/writ/keep/ses_1")]).await.unwrap();
    assert_eq!((paths(&kept), kept.commit_count), (Vec::new(), 0));
    // It is there now, under that ref; the branch is judged as if it were not.
    scene.git("work", &["push", "-q", "origin", "s:refs/writ/keep/ses_1"]);
    assert_eq!(scene.paths(&tip).await, ["infra/prod/b"]);
}

#[tokio::test]
async fn a_deletion_is_told_as_one() {
    let scene = Scene::new();
    let main = scene.head("main");
    let changes = scene.changes(&[(&main, "", "refs/heads/main")]).await.unwrap();
    assert_eq!((paths(&changes), changes.kinds), (Vec::new(), vec![Kind::Delete]));
}

#[tokio::test]
async fn a_tag_leads_to_a_commit_or_is_refused() {
    let scene = Scene::new();
    scene.git("work", &["switch", "-q", "-c", "s"]);
    scene.commit("c", "1");
    scene.git("work", &["tag", "-a", "-m", "t", "v1"]);
    scene.git("work", &["push", "-q", "origin", "v1:refs/writ/keep/tag"]);
    let tag = scene.head("v1");
    let changes = scene.changes(&[("", &tag, "refs/tags/s/ses_1/v1")]).await.unwrap();
    assert_eq!(paths(&changes), ["c"]);
    let tree = scene.head("HEAD^{tree}");
    let error = scene.changes(&[("", &tree, "refs/tags/s/ses_1/tree")]).await.unwrap_err();
    assert!(error.0.contains("would be no commit"), "{error}");
}

#[tokio::test]
async fn what_git_does_not_know_is_an_error() {
    let scene = Scene::new();
    let nowhere = "1".repeat(40);
    for updates in [
        [("", nowhere.as_str(), "refs/heads/s/ses_1/x")],
        [("", nowhere.as_str(), "refs/tags/s/ses_1/x")],
        [(nowhere.as_str(), &scene.head("main"), "refs/heads/s/ses_1/x")],
    ] {
        assert!(scene.changes(&updates).await.is_err(), "{updates:?}");
    }
}

#[tokio::test]
async fn commits_say_whose_they_say_they_are() {
    let scene = Scene::new();
    scene.git("work", &["switch", "-q", "-c", "s"]);
    scene.write("c", "1");
    scene.commit_all("one\n\nAgent-Session: ses_1\nAgent-Developer: ana\nAgent-Session: ses_2");
    let tip = scene.commit("c", "2");
    let changes = scene.changes(&[("", &tip, "refs/heads/s/ses_1/x")]).await.unwrap();
    let said: Vec<&[String]> = changes.commits.iter().map(|commit| commit.sessions.as_slice()).collect();
    assert_eq!(said, [&[][..], &["ses_1".to_owned(), "ses_2".to_owned()]]);
    let unsigned = Signature::None("the commit is not signed".to_owned());
    assert!(changes.commits.iter().all(|commit| commit.signature == unsigned));
}

#[tokio::test]
async fn ten_thousand_files_are_within_the_bounds_and_too_many_are_not() {
    let scene = Scene::new();
    scene.git("work", &["switch", "-q", "-c", "s"]);
    let import = |from: usize, count: usize| {
        let mut text =
            String::from("commit refs/heads/s\ncommitter t <t@example.com> 1 +0000\ndata 1\nx\nfrom refs/heads/s^0\n");
        for number in from..from + count {
            text.push_str(&format!("M 644 inline many/{}/{number}\ndata 1\nx\n", number % 100));
        }
        let file = scene.at("import");
        std::fs::write(&file, text).unwrap();
        let input = std::fs::File::open(&file).unwrap();
        let status =
            Command::new("git").arg("-C").arg(scene.at("work")).args(["fast-import", "--quiet"]).stdin(input).status();
        assert!(status.unwrap().success());
    };
    import(0, 10_000);
    let tip = scene.head("s");
    let changes = scene.changes(&[("", &tip, "refs/heads/s/ses_1/x")]).await.unwrap();
    assert_eq!(changes.paths.len(), 10_000);
    import(10_000, PATHS_MAX);
    scene.git("work", &["switch", "-q", "-f", "s"]);
    let tip = scene.head("s");
    let error = scene.changes(&[("", &tip, "refs/heads/s/ses_1/x")]).await.unwrap_err();
    assert!(error.0.contains("more than 50000 paths"), "{error}");
}
