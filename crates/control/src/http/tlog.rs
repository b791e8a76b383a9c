//! `/tlog`: the log as files, laid out exactly as C2SP tlog-tiles says, so that standard tools read it.
//!
//! The checkpoint and the hash tiles are for anybody who is somebody here; the entries are for auditors. A tool that knows
//! no bearer sends the token as the password of HTTP Basic.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use ledger::{BundleId, Tile, encode_bundle, tile_bytes};

use super::extract::{Bearer, Path};
use super::problem::Problem;
use crate::error::Error;
use crate::operations::proof;
use crate::plane::ControlPlane;
use crate::server::Shared;

/// Full tiles and bundles never change.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// Partial ones are gone when they are full.
const NOT_AT_ALL: &str = "no-store";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/tlog/checkpoint", get(checkpoint)).route("/tlog/tile/{*path}", get(tile))
}

/// The newest checkpoint: a signed note (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/tlog/checkpoint", tag = "log",
    responses((status = 200, content_type = "text/plain"), (status = "4XX", body = Problem)))]
pub(super) async fn checkpoint(State(shared): State<Arc<Shared>>, _bearer: Bearer) -> Result<Response, Problem> {
    let newest = proof::newest(&shared.plane).await?;
    let newest =
        newest.ok_or_else(|| Error::Unavailable("nothing was signed yet: try again in a second".to_owned()))?;
    Ok(file(newest.to_string().into_bytes(), "text/plain; charset=utf-8", NOT_AT_ALL))
}

/// A tile of hashes, `tile/<level>/<index>[.p/<width>]`, or a bundle of entries, `tile/entries/<index>[.p/<width>]`.
#[utoipa::path(get, path = "/tlog/tile/{path}", tag = "log", params(("path" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = "4XX", body = Problem)))]
pub(super) async fn tile(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let path = format!("tile/{path}");
    let size = proof::newest(&shared.plane).await?.map_or(0, |checkpoint| checkpoint.size());
    let (bytes, is_full) = match path.parse::<BundleId>() {
        Ok(id) => {
            proof::may_read_log(&shared.plane, bearer.asker().by)?;
            (bundle(&shared.plane, id, size, &path).await?, id.is_full())
        }
        Err(_) => {
            let tile = path.parse::<Tile>().map_err(|error| Problem::from(Error::invalid(error)))?;
            (hashes(&shared.plane, tile, size, &path).await?, tile.is_full())
        }
    };
    Ok(file(bytes, "application/octet-stream", if is_full { FOR_EVER } else { NOT_AT_ALL }))
}

async fn hashes(plane: &ControlPlane, tile: Tile, size: u64, path: &str) -> Result<Vec<u8>, Error> {
    if !tile.is_within_tree(size) {
        return Err(Error::not_found("tile", path));
    }
    let hashes = proof::hashes(&plane.store, tile).await?;
    whole(hashes.len(), tile.width())?;
    Ok(tile_bytes(&hashes))
}

async fn bundle(plane: &ControlPlane, id: BundleId, size: u64, path: &str) -> Result<Vec<u8>, Error> {
    if !id.is_within_tree(size) {
        return Err(Error::not_found("tile", path));
    }
    let first = id.index() * u64::from(ledger::TILE_WIDTH);
    let entries = plane.store.entries(first.checked_sub(1), id.width().into()).await?;
    whole(entries.len(), id.width())?;
    let bytes: Vec<_> = entries.into_iter().map(|entry| entry.bytes).collect();
    encode_bundle(&bytes).map_err(|error| Error::Unavailable(error.to_string()))
}

fn whole(found: usize, width: u16) -> Result<(), Error> {
    let missing = || Error::Unavailable("the log's tree is not whole: run `writ audit fsck`".to_owned());
    if found == usize::from(width) { Ok(()) } else { Err(missing()) }
}

fn file(bytes: Vec<u8>, kind: &'static str, cache: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, HeaderValue::from_static(cache))];
    (StatusCode::OK, headers, bytes).into_response()
}
