//! The data types of SSH: RFC 4251, section 5. Integers are big-endian, a string is its length and its bytes.

/// The bytes are not what the format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is cut, too long, or not in the format")]
pub struct Malformed;

/// Reads from the front of a slice; never past its end.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

/// Writes into a growing buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer(Vec<u8>);

// === impl Reader ===

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A byte.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// Fewer than four bytes are left.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// A `uint64`.
    ///
    /// # Errors
    /// Fewer than eight bytes are left.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A `string`: any bytes.
    ///
    /// # Errors
    /// It is longer than what is left.
    pub fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        self.take(count)
    }

    /// A `string` of UTF-8 text without control characters, at most `max` bytes.
    ///
    /// # Errors
    /// It is something else.
    pub fn text(&mut self, max: usize) -> Result<&'a str, Malformed> {
        let text = std::str::from_utf8(self.string()?).map_err(|_| Malformed)?;
        if text.len() > max || text.chars().any(char::is_control) { Err(Malformed) } else { Ok(text) }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// Something is.
    pub fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }
}

// === impl Writer ===

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a byte.
    #[must_use]
    pub fn byte(self, byte: u8) -> Self {
        self.raw(&[byte])
    }

    /// Adds a `uint32`.
    #[must_use]
    pub fn u32(self, number: u32) -> Self {
        self.raw(&number.to_be_bytes())
    }

    /// Adds a `uint64`.
    #[must_use]
    pub fn u64(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    /// Adds a `string`. Every string of ours is bounded far below 4 GiB.
    #[must_use]
    pub fn string(self, bytes: &[u8]) -> Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).raw(bytes)
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
