//! Where the tree and its entries lie when they are served: C2SP tlog-tiles, "Merkle Tree" and "Log entries".
//!
//! The paths are this specification's, `tile/0/x001/x234/067.p/5`, not those of Go's checksum database.

use std::fmt;
use std::str::FromStr;

use domain::Digest;

use crate::limits::TREE_SIZE_MAX;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of one hash.
pub const HASH_BYTES: usize = 32;
/// Bytes of a full tile.
pub const TILE_BYTES: usize = TILE_WIDTH as usize * HASH_BYTES;
/// Highest level a path can name. A tree of [`TREE_SIZE_MAX`] leaves has tiles up to level 7 only.
pub const LEVEL_MAX: u8 = 63;

/// Digits of a path: seven groups of three hold every 64-bit number.
const PATH_GROUPS_MAX: usize = 7;

/// Consecutive hashes of one height: the coordinates of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// Consecutive entries: the coordinates of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId {
    index: u64,
    width: u16,
}

/// Why there is no such tile or bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The path is not spelled the one way it can be.
    #[error("not the path of a tile or a bundle of entries")]
    Path,
    /// A tile holds something.
    #[error("a tile or bundle is 1 to {TILE_WIDTH} wide, not {width}")]
    Width {
        /// The width given.
        width: u16,
    },
    /// Levels end.
    #[error("level {level} of tiles is too high, the limit is {LEVEL_MAX}")]
    Level {
        /// The level given.
        level: u8,
    },
    /// The bytes do not fill the tile.
    #[error("tile `{tile}` has {expected} bytes, not {found}")]
    Bytes {
        /// Its path.
        tile: Tile,
        /// How many its width takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

/// The right-hand, not yet full tiles of a tree, lowest level first: one per level that has any, at most eight.
pub fn partial_tiles(size: u64) -> impl Iterator<Item = Tile> {
    levels().filter_map(move |level| {
        let hashes = hashes_at(level, size);
        let width = (hashes % u64::from(TILE_WIDTH)) as u16;
        (width > 0).then_some(Tile { level, index: hashes / u64::from(TILE_WIDTH), width })
    })
}

/// The full tiles that a tree of `new` leaves has and one of `old` leaves had not, lowest level first.
///
/// What a publisher writes, each once for ever: walk it in order and nothing is skipped between two checkpoints.
pub fn full_tiles_between(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    levels().flat_map(move |level| {
        let full = |size| hashes_at(level, size) / u64::from(TILE_WIDTH);
        (full(old)..full(new)).map(move |index| Tile { level, index, width: TILE_WIDTH })
    })
}

/// Every tile of a tree: the full ones, then the partial ones.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    full_tiles_between(0, size).chain(partial_tiles(size))
}

/// The not yet full bundle of a log's last entries, if it has one.
pub fn partial_bundle(size: u64) -> Option<BundleId> {
    let width = (size % u64::from(TILE_WIDTH)) as u16;
    (width > 0).then_some(BundleId { index: size / u64::from(TILE_WIDTH), width })
}

/// The full bundles that a log of `new` entries has and one of `old` entries had not.
pub fn full_bundles_between(old: u64, new: u64) -> impl Iterator<Item = BundleId> {
    let width = u64::from(TILE_WIDTH);
    (old / width..new / width).map(|index| BundleId { index, width: TILE_WIDTH })
}

/// Every bundle of a log: the full ones, then the partial one.
pub fn bundles(size: u64) -> impl Iterator<Item = BundleId> {
    full_bundles_between(0, size).chain(partial_bundle(size))
}

/// How many hashes of complete subtrees a tree has at a level: `floor(size / 256^level)`.
pub(crate) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The levels that a tree within [`TREE_SIZE_MAX`] can reach.
pub(crate) fn levels() -> std::ops::Range<u8> {
    0..(TREE_SIZE_MAX.ilog2() / 8 + 1) as u8
}

// === impl Tile ===

impl Tile {
    /// A tile by its coordinates: level 0 to 63, index within the level, 1 to 256 hashes.
    ///
    /// # Errors
    /// Level or width is out of range.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level > LEVEL_MAX {
            return Err(TileError::Level { level });
        }
        check_width(width)?;
        Ok(Self { level, index, width })
    }

    /// How high it is: its hashes are roots of 256^level leaves.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// How far to the right it is within its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 hashes, and will never change again.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The same place with all 256 hashes: what to ask for when a partial tile is gone.
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }

    /// Whether a tree of this size has this very tile: full below its end, or partial of exactly this width.
    pub fn is_of_tree(&self, size: u64) -> bool {
        width_at(self.index, hashes_at(self.level, size)) == Some(self.width)
    }

    /// Whether a tree of this size, or one it has grown from, has this tile: what may be served.
    pub fn is_within_tree(&self, size: u64) -> bool {
        width_at(self.index, hashes_at(self.level, size)).is_some_and(|width| self.width <= width)
    }

    /// Its bytes as hashes.
    ///
    /// # Errors
    /// The bytes are more or fewer than its width takes.
    pub fn hashes(&self, bytes: &[u8]) -> Result<Vec<Digest>, TileError> {
        let expected = usize::from(self.width) * HASH_BYTES;
        if bytes.len() != expected {
            return Err(TileError::Bytes { tile: *self, expected, found: bytes.len() });
        }
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        Ok(hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect())
    }
}

/// Hashes as the bytes of a tile.
pub fn tile_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.as_bytes()).copied().collect()
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, Place { index: self.index, width: self.width })
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let (level, place) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let level = small(level).and_then(|level| u8::try_from(level).ok()).ok_or(TileError::Path)?;
        let Place { index, width } = place.parse()?;
        Self::new(level, index, width)
    }
}

// === impl BundleId ===

impl BundleId {
    /// A bundle by its coordinates: index, and 1 to 256 entries.
    ///
    /// # Errors
    /// The width is out of range.
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        check_width(width)?;
        Ok(Self { index, width })
    }

    /// How far to the right it is: its first entry is number 256 × index.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries it has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 entries, and will never change again.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Whether a log of this size has this very bundle.
    pub fn is_of_tree(&self, size: u64) -> bool {
        width_at(self.index, size) == Some(self.width)
    }

    /// Whether a log of this size, or one it has grown from, has this bundle: what may be served.
    pub fn is_within_tree(&self, size: u64) -> bool {
        width_at(self.index, size).is_some_and(|width| self.width <= width)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", Place { index: self.index, width: self.width })
    }
}

impl FromStr for BundleId {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let Place { index, width } = path.strip_prefix("tile/entries/").ok_or(TileError::Path)?.parse()?;
        Self::new(index, width)
    }
}

// === impl Place ===

/// What the paths of tiles and bundles share: `<N>[.p/<W>]`.
struct Place {
    index: u64,
    width: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut divisor = 1_u64;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(f, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Place {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (index, width) = match text.split_once(".p/") {
            Some((index, width)) => {
                let width = small(width).filter(|width| (1..TILE_WIDTH).contains(width)).ok_or(TileError::Path)?;
                (index, width)
            }
            None => (text, TILE_WIDTH),
        };
        Ok(Self { index: index_of(index).ok_or(TileError::Path)?, width })
    }
}

/// `x001/x234/067` as 1,234,067.
fn index_of(text: &str) -> Option<u64> {
    let groups = text.split('/').count();
    if groups > PATH_GROUPS_MAX {
        return None;
    }
    let mut index = 0_u64;
    for (at, group) in text.split('/').enumerate() {
        let digits = if at + 1 < groups { group.strip_prefix('x')? } else { group };
        // A first group of zeros would be a second spelling of a smaller number.
        let padded = at == 0 && groups > 1 && digits == "000";
        if digits.len() != 3 || padded || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

fn small(text: &str) -> Option<u16> {
    crate::text::decimal(text).and_then(|number| u16::try_from(number).ok())
}

fn check_width(width: u16) -> Result<(), TileError> {
    if (1..=TILE_WIDTH).contains(&width) { Ok(()) } else { Err(TileError::Width { width }) }
}

/// How wide the tile at `index` is among `hashes`; none when it would be empty.
pub(crate) fn width_at(index: u64, hashes: u64) -> Option<u16> {
    let before = index.checked_mul(u64::from(TILE_WIDTH))?;
    let width = hashes.checked_sub(before)?.min(u64::from(TILE_WIDTH)) as u16;
    (width > 0).then_some(width)
}

#[cfg(test)]
mod tests;
