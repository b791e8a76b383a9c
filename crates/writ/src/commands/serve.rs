//! `writ serve` and `writ check-config`.

use std::io::Read;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::{CheckConfig, Serve};
use crate::command_error::{CommandError, Exit};
use crate::config::{Config, Overrides};
use crate::logs;
use crate::output::print;

/// Runs the control plane until SIGTERM, SIGINT or, when asked, the end of standard input.
pub(super) async fn serve(arguments: Serve) -> Result<Exit, CommandError> {
    let variables = |name: &str| std::env::var(name).ok();
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let overrides = Overrides { listen: arguments.listen, data_dir: arguments.data_dir, database: arguments.database };
    let config = config.overridden(overrides, &variables)?;
    let settings = config.settings()?;
    config.check_secrets(&variables)?;
    logs::start(config.log.format, config.log.level)?;
    allow_many_files();
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let public_url = settings.public_url.clone();
    let shutdown = shutdown(arguments.until_stdin_ends)?;
    let server = control::Server::start(settings)
        .await
        .map_err(|error| CommandError::failed("cannot start the control plane").because(&error))?;
    let url = public_url.unwrap_or_else(|| format!("{scheme}://{}", server.local_addr()));
    if let Some(token) = server.bootstrap_token() {
        eprintln!("no administrator yet; create the first one with this one-time token:");
        eprintln!("  writ login {url} --login YOUR_NAME --bootstrap {}", token.expose());
    }
    eprintln!("the log is signed with {}", server.log_key());
    eprintln!("writ listens on {scheme}://{}", server.local_addr());
    server.run_until(shutdown).await;
    Ok(Exit::Done)
}

/// A stream is two connections, and the usual soft limit of 1,024 open files is meant for programs that use `select`.
fn allow_many_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(soft, hard)| if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Checks a file.
pub(super) fn check_config(arguments: &CheckConfig) -> Result<Exit, CommandError> {
    let config = Config::read(&arguments.file)?;
    config.settings()?;
    if let Err(missing) = config.check_secrets(&|name| std::env::var(name).ok()) {
        eprintln!("note: a start here and now would fail\n{missing}");
    }
    print(&format!("{}: ok\n", arguments.file.display()))?;
    Ok(Exit::Done)
}

/// Resolves when the process should stop. A second signal does not kill: the grace is bounded anyway.
pub(super) fn shutdown(until_stdin_ends: bool) -> Result<impl Future<Output = ()> + Send + 'static, CommandError> {
    let failed = |error: std::io::Error| CommandError::failed("cannot listen for signals").because(&error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let stdin_ended = if until_stdin_ends { Some(stdin_end()?) } else { None };
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = ended(stdin_ended) => {}
        }
    })
}

async fn ended(stdin: Option<oneshot::Receiver<()>>) {
    match stdin {
        // Either way the reading thread is done.
        Some(stdin) => drop(stdin.await),
        None => std::future::pending().await,
    }
}

/// Reads in a thread of its own, which nobody waits for: a read of standard input cannot be called back.
fn stdin_end() -> Result<oneshot::Receiver<()>, CommandError> {
    let (tell, told) = oneshot::channel();
    let read = move || {
        let mut buffer = [0_u8; 64];
        while std::io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        let _ = tell.send(());
    };
    let thread = std::thread::Builder::new().name("writ-stdin".to_owned()).spawn(read);
    thread.map(|_| told).map_err(|error| CommandError::failed("cannot start a thread").because(&error))
}
