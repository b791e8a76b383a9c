//! A wire between commands and their server: what a launcher is given, the test is told of nowhere else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use super::answers;

/// Bytes of an answer that are held until it is whole.
const HELD_BYTES_MAX: usize = 256 << 10;
/// How the answers begin that have a credential, or a session with its token.
const BEGINNINGS: [&[u8]; 2] = [b"{\"id\":\"cred_", b"{\"session\":{"];

/// It listens until the process ends.
pub(crate) struct Wire {
    url: String,
    server: Arc<Mutex<String>>,
}

impl Wire {
    /// To a server at `http://host:port`.
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(Mutex::new(server.to_owned()));
        let shared = Arc::clone(&server);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = shared.lock().unwrap().clone();
                // A peer that left early is its own test's business, and so is a server that is away.
                std::thread::spawn(move || pass(client, server.trim_start_matches("http://")));
            }
        });
        Self { url, server }
    }

    /// Where commands find the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server has another address from now on.
    pub(crate) fn turn_to(&self, server: &str) {
        server.clone_into(&mut self.server.lock().unwrap());
    }
}

fn pass(client: TcpStream, server: &str) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    let (mut asking, mut asked) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut asking, &mut asked);
        let _ = asked.shutdown(Shutdown::Write);
    });
    let _ = answer(&server, &client);
    client.shutdown(Shutdown::Both)
}

/// Hands on what the server says, once the secrets in it are noted.
fn answer(mut server: &TcpStream, mut client: &TcpStream) -> std::io::Result<()> {
    let (mut piece, mut held) = (vec![0; 64 << 10], Vec::new());
    loop {
        let count = server.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        held.extend_from_slice(&piece[..count]);
        note(&mut held);
        client.write_all(&piece[..count])?;
    }
}

/// Notes what is whole, and keeps what is not.
fn note(held: &mut Vec<u8>) {
    let mut done = 0;
    for beginning in BEGINNINGS {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&held[from..], beginning) {
            let start = from + at;
            let mut objects = serde_json::Deserializer::from_slice(&held[start..]).into_iter::<Map<String, Value>>();
            match objects.next() {
                Some(Ok(object)) => {
                    answers::object(&object);
                    from = start + objects.byte_offset();
                    done = done.max(from);
                }
                Some(Err(error)) if error.is_eof() => break,
                _ => from = start + beginning.len(),
            }
        }
    }
    held.drain(..done.max(held.len().saturating_sub(HELD_BYTES_MAX)));
}
