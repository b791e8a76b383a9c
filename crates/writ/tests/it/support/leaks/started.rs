//! What processes are started with, while a server of the test is there.

use std::collections::{HashMap, HashSet};
use std::sync::Once;
use std::time::Duration;

use super::text;

/// Between two looks at all processes: what is shorter than that is mostly missed, and tests start hundreds of programs.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Looks at a process when it is new: its arguments change then, from those of whoever started it.
const LOOKS_WHEN_NEW: u32 = 4;
/// Afterwards one in so many looks: it may become another program.
const LOOK_AGAIN: u32 = 25;
/// In the environment of a program that a test starts for itself, with a secret that it was told among the arguments.
pub(super) const OF_THE_TEST: &str = "WRIT_TEST_KNOWS_IT";

static WATCHING: Once = Once::new();

/// Looks at the arguments of all processes of this machine from now on.
pub(super) fn watch() {
    WATCHING.call_once(|| {
        std::thread::spawn(|| {
            let (mut looks, mut seen) = (HashMap::new(), HashSet::new());
            loop {
                looks = look(&looks, &mut seen);
                std::thread::sleep(LOOK_EVERY);
            }
        });
    });
}

fn look(before: &HashMap<u32, u32>, seen: &mut HashSet<Vec<u8>>) -> HashMap<u32, u32> {
    let mut after = HashMap::new();
    let Ok(processes) = std::fs::read_dir("/proc") else { return after };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let looks = before.get(&pid).copied().unwrap_or_default();
        after.insert(pid, looks.saturating_add(1));
        let is_its_turn = looks < LOOKS_WHEN_NEW || looks % LOOK_AGAIN == 0;
        // What ended meanwhile has none.
        if is_its_turn
            && let Ok(arguments) = std::fs::read(process.path().join("cmdline"))
            && !seen.contains(&arguments)
            && !is_of_the_test(&process.path())
        {
            text("arguments of processes", &arguments);
            seen.insert(arguments);
        }
    }
    after
}

fn is_of_the_test(process: &std::path::Path) -> bool {
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    super::answers::contains(&environment, OF_THE_TEST.as_bytes())
}
