//! The last step of `./test`: what the tests of the whole run left is searched for the secrets of all of them.

use std::path::{Path, PathBuf};

use crate::support::leaks::{Run, Search, is_log, part, regular, said};

/// How many secrets of each kind a whole run has at least, about half of what it has: so that the search cannot pass because
/// nobody told it of any. What `ssh` hands over is a certificate, which is as good as public without its key, and not in any
/// file of writ's either.
const EXPECTED: [(&str, usize); 12] = [
    ("anthropic", 5),
    ("aws", 20),
    ("exec", 40),
    ("github", 30),
    ("http", 3),
    ("postgres", 200),
    ("session", 800),
    ("sign_in", 400),
    ("ssh", 20),
    ("static", 1),
    ("token", 15),
    ("writ", 800),
];

#[test]
#[ignore = "after all other tests: ./test runs it, over what they left in WRIT_TEST_LEAKS"]
fn no_secret_of_the_whole_run_is_in_what_it_left() {
    let run = Run::demanded();
    let secrets = run.secrets();
    let search = Search::of(&secrets);
    let (mut found, mut files, mut bytes) = (run.found(), 0, 0);
    for path in run.kept().into_iter().chain(servers()) {
        let Ok(content) = std::fs::read(&path) else { continue };
        (files, bytes) = (files + 1, bytes + content.len());
        found.extend(search.find(&content).iter().map(|one| said(one, &path.display().to_string(), &content)));
    }
    let swept = run.swept();
    println!(
        "leaks: {} secrets; {} folders with {} files ({} MB) were searched as they went, {files} files ({} MB) now",
        secrets.len(),
        swept.folders,
        swept.files,
        swept.bytes >> 20,
        bytes >> 20,
    );
    let counts = Run::counts(&secrets);
    counts.iter().for_each(|(named, count)| println!("leaks: {count} times the {} of {}", named.what, named.kind));
    assert_eq!(found, Vec::<String>::new());
    assert!(swept.folders > 0 && files > 0, "nothing was searched");
    // Some tests only, by name, have what they have.
    if std::env::var_os("WRIT_TEST_LEAKS_WHOLE").is_some_and(|whole| !whole.is_empty()) {
        for (kind, least) in EXPECTED {
            let count: usize = counts.iter().filter(|(named, _)| named.kind == kind).map(|(_, count)| count).sum();
            assert!(
                count >= least,
                "{count} secrets of {kind} were told, and {least} are expected: who mints tells it"
            );
        }
    }
}

/// What the servers of the run keep and log: everything of the PostgreSQL server that is writ's database, with what it wrote
/// ahead, and the logs of the parts of others.
fn servers() -> Vec<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let database = of("WRIT_POSTGRES_STATE").map(|state| part(&state)).unwrap_or_default();
    let mut all: Vec<_> = regular(&database).into_iter().filter(|path| !path.ends_with("secret")).collect();
    let parts = of("WRIT_REAL_STATE").into_iter().flat_map(|state| folders(&state)).map(|state| part(&state));
    all.extend(parts.flat_map(|folder| regular(&folder)).filter(|path| is_log(path)));
    all
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
