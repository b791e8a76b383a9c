//! Three developers' agents at cross-purposes: ana's changes what all share, ben's builds on the change, cleo's sees both and
//! "repairs" them. Real clients, each with a model that the test speaks for; the models say the same with writ and without.

mod with_writ;
mod without_writ;

use std::path::Path;

use super::player::{Player, Told};
use super::wall;

/// Shared by all services.
const POOL: &str = "config/pool.toml";
const POOL_BEFORE: &str = "# Every service that opens connections to the payments database reads this.\n\
                           max_connections = 20\nidle_seconds = 60\n";
/// What depends on it.
const WORKER: &str = "services/worker.toml";
const WORKER_BEFORE: &str = "# Stays below max_connections of the pool.\nthreads = 10\n";

const FILES: &[(&str, &str)] = &[(POOL, POOL_BEFORE), (WORKER, WORKER_BEFORE)];

/// How a change of one agent's reaches the others.
#[derive(Debug, Clone, Copy)]
enum Sharing<'a> {
    /// All work in one folder.
    Folder,
    /// Each has a clone, and pushes to `main` what it changed.
    Pushes,
    /// Each works in a workspace and pushes to a branch of its own, which a human merges: this is the repository.
    Branches(&'a Path),
}

/// The three.
struct Cast {
    ana: Player,
    ben: Player,
    cleo: Player,
}

/// What the three were told at the points that count.
#[derive(Debug)]
struct Story {
    ana_raises: Vec<Told>,
    /// Ben read the pool before ana's change, and now comes to what depends on it.
    ben_looks_on: Told,
    ben_builds_on_it: Vec<Told>,
    cleo_repairs: Vec<Told>,
    ana_goes_on: Vec<Told>,
}

impl Cast {
    /// Plays it. Whatever its tools answer, each model goes on with what it is about.
    async fn play(&mut self, sharing: Sharing<'_>) -> Story {
        let Self { ana, ben, cleo } = self;
        ben.read(POOL).await.done();
        ana.read(POOL).await.done();
        let mut ana_raises = vec![ana.edit(POOL, "max_connections = 20", "max_connections = 80").await];
        ana_raises.extend(share(ana, sharing, "Raise max_connections").await);

        // Ben's picture of the pool is old by now, which his model does not know.
        let ben_looks_on = ben.read(WORKER).await;
        catch_up(ben, sharing).await;
        ben.read(POOL).await;
        let mut ben_builds_on_it = vec![ben.edit(WORKER, "threads = 10", "threads = 60").await];
        ben_builds_on_it.extend(share(ben, sharing, "Use the larger pool").await);

        // Cleo has seen what the database can take. A model that is refused its tool often tries the shell.
        catch_up(cleo, sharing).await;
        cleo.read(WORKER).await;
        cleo.read(POOL).await;
        let mut cleo_repairs = vec![cleo.edit(POOL, "max_connections = 80", "max_connections = 20").await];
        if cleo_repairs[0].is_error {
            cleo_repairs
                .push(cleo.bash(&format!("sed -i 's/max_connections = 80/max_connections = 20/' {POOL}")).await);
        }
        cleo_repairs.extend(share(cleo, sharing, "Repair the pool").await);

        catch_up(ana, sharing).await;
        let mut ana_goes_on = vec![ana.edit(POOL, "idle_seconds = 60", "idle_seconds = 300").await];
        ana_goes_on.extend(share(ana, sharing, "Keep the many connections").await);
        Story { ana_raises, ben_looks_on, ben_builds_on_it, cleo_repairs, ana_goes_on }
    }

    /// Has each model end its turn, and asserts that each client ended well.
    async fn end(self) {
        for player in [self.ana, self.ben, self.cleo] {
            let (_, ran) = player.say("All done.").await;
            ran.result();
        }
    }
}

/// Gives the others what was changed.
async fn share(player: &mut Player, sharing: Sharing<'_>, message: &str) -> Option<Told> {
    let commit = format!("git commit --quiet --all --message='{message}'");
    match sharing {
        Sharing::Folder => None,
        Sharing::Pushes => Some(player.bash(&format!("{commit} && git push --quiet origin HEAD:main 2>&1")).await),
        Sharing::Branches(origin) => {
            let told = player.bash(&format!("{commit} && {}", wall::push("--quiet"))).await;
            if !told.is_error {
                let session = player.bash("echo $WRIT_SESSION_ID").await.done();
                wall::merge(origin, session.result.trim());
            }
            Some(told)
        }
    }
}

/// Takes what the others changed.
async fn catch_up(player: &mut Player, sharing: Sharing<'_>) -> Option<Told> {
    match sharing {
        Sharing::Folder => None,
        _ => Some(player.bash("git pull --quiet --rebase origin main 2>&1").await),
    }
}
