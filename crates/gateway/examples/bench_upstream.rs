//! The stand-in model service on a fixed port, as the upstream of measurements; see `bench/README.md`.

use std::error::Error;
use std::net::SocketAddr;

use simulator::{Config, Simulator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = std::env::args().nth(1).ok_or("usage: bench_upstream <listen address>")?;
    let address: SocketAddr = listen.parse()?;
    let config = Config { host: address.ip(), port: address.port(), record: false, ..Config::default() };
    let _running = Simulator::start(config).await?;
    std::future::pending::<()>().await;
    Ok(())
}
