use std::net::{IpAddr, Ipv4Addr};

/// How to start the stand-in service. The default listens on any free port of
/// 127.0.0.1, remembers requests and takes every key.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; anything but loopback is refused.
    pub host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Remember requests for [`crate::Running::requests`]. Switch it off for benchmarks.
    pub record: bool,
    /// The only key that is accepted (`x-api-key` or bearer); anything else gets a 401. `None` takes every caller.
    pub expect_key: Option<String>,
    /// Script for requests that have tools but no marker, written as in a marker: `tool_bash(command=ls)`.
    pub default_script: Option<String>,
    /// Faults that apply to every model call, whatever its script.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            record: true,
            expect_key: None,
            default_script: None,
            faults: Faults::default(),
        }
    }
}

/// Faults that apply to every `POST /v1/messages`, whatever its script. The default is none.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// How many of the next calls fail before one succeeds.
    pub fail_first: u32,
    /// Status those calls get; 0 means 529.
    pub fail_status: u16,
    /// `retry-after` on those answers, in seconds.
    pub retry_after_s: Option<u32>,
    /// Pause before the headers of every answer, in milliseconds (at most ten minutes).
    pub headers_delay_ms: u64,
}
