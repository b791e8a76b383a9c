//! PostgreSQL: one Unix socket per target, on which the launcher logs in for the client ([`crate::run::pg`]).
//!
//! Variables are libpq's (manual, "Environment Variables"), which most drivers read too. The service file ("The Connection
//! Service File") comes only with several targets: Go's `lib/pq` panics when `PGSERVICEFILE` is set.

use std::path::{Path, PathBuf};

use brokers::postgres::Endpoint;

use super::{Prepared, Site, Unprepared, Wired};
use crate::limits::SOCKET_PATH_BYTES_MAX;
use crate::run::listen::Listening;
use crate::run::pg::Relay;

/// A socket's name says its port.
const PORT: &str = "5432";
const SOCKET: &str = ".s.PGSQL.5432";
/// The user that clients say; the server sees the session's role instead.
const USER: &str = "writ";

/// What a client of one target needs.
struct Place {
    service: String,
    folder: PathBuf,
    database: String,
}

/// Prepares it for all targets that have it.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let mut places: Vec<Place> = Vec::new();
    for (index, one) in wired.iter().enumerate() {
        let endpoint: Endpoint =
            serde_json::from_value(one.how.clone()).map_err(|error| Unprepared::strange(one, &error))?;
        let server = endpoint.server().map_err(|error| Unprepared::strange(one, &error))?;
        let mut service = format!("{}-{}", one.grant.broker, one.grant.target);
        if places.iter().any(|place| place.service == service) {
            service = format!("{service}-{index}");
        }
        let folder = folder(site, &service, index)?;
        let database = endpoint.database.clone();
        let relay = Relay::new(endpoint, server, one.grant.ask(), site.vault.clone());
        prepared.listening.push(Listening::start(&folder.join(SOCKET), site.family.clone(), relay)?);
        places.push(Place { service, folder, database });
    }
    let Some(first) = places.first() else { return Ok(()) };
    prepared.set("PGHOST", &first.folder);
    prepared.set("PGPORT", PORT);
    prepared.set("PGDATABASE", &first.database);
    prepared.set("PGUSER", USER);
    if places.len() > 1 {
        let file = site.subfolder("pg")?.join("services");
        site.write(&file, &services(&places))?;
        prepared.set("PGSERVICEFILE", file);
    }
    Ok(())
}

/// The folder of a target's socket, named for people unless the socket's path would be too long for the system.
fn folder(site: &Site<'_>, service: &str, index: usize) -> Result<PathBuf, Unprepared> {
    let named = Path::new("pg").join(service);
    let length = site.folder.path().join(&named).join(SOCKET).as_os_str().len();
    let name = if length <= SOCKET_PATH_BYTES_MAX { named } else { Path::new("pg").join(index.to_string()) };
    site.subfolder(&name.to_string_lossy())
}

fn services(places: &[Place]) -> String {
    let mut text = String::from("# Written by writ for one session; it goes with it.\n");
    for Place { service, folder, database } in places {
        let host = folder.display();
        text.push_str(&format!("\n[{service}]\nhost={host}\nport={PORT}\ndbname={database}\nuser={USER}\n"));
    }
    text
}

#[cfg(test)]
mod tests;
