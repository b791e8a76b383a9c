//! `writ demo`: one governed session from beginning to end, with separate processes of this same executable.

pub(crate) mod agent;
mod part;
mod repository;
mod scene;
mod story;

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Demo;
use crate::command_error::{CommandError, Exit};
use scene::{Running, Scene};

/// Tells the story; everything it started is gone afterwards.
pub(crate) async fn demo(arguments: Demo) -> Result<Exit, CommandError> {
    let interrupted = interrupted()?;
    tokio::pin!(interrupted);
    let scene = Scene::prepare(arguments.agent)?;
    let running = tokio::select! {
        biased;
        () = &mut interrupted => return Err(CommandError::failed("the demo was interrupted")),
        running = play(&scene) => running?,
    };
    if arguments.keep {
        story::print_sign_in(&scene, &running);
        keep(&running, interrupted).await?;
    }
    running.stop().await;
    Ok(Exit::Done)
}

/// From the start of the processes to the end of the story.
async fn play(scene: &Scene) -> Result<Running, CommandError> {
    story::print_beginning(scene);
    let running = Running::start(scene).await?;
    // A part that dies makes everything after it untrue, so it is heard of first.
    let told = tokio::select! {
        biased;
        error = running.died() => Err(error),
        told = story::tell(scene, &running) => told,
    };
    match told {
        Ok(()) => running.still_there().map(|()| running),
        Err(error) => Err(running.blamed(error).await),
    }
}

async fn keep(running: &Running, interrupted: impl Future<Output = ()>) -> Result<(), CommandError> {
    tokio::select! {
        biased;
        () = interrupted => Ok(()),
        error = running.died() => Err(error),
    }
}

/// Resolves on Ctrl-C or SIGTERM.
fn interrupted() -> Result<impl Future<Output = ()>, CommandError> {
    let failed = |error: std::io::Error| CommandError::failed("cannot listen for signals").because(&error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
