//! Reading a list: what [`super::write_krl`] writes, and no more of the format. Who keeps a list looks before replacing it.

use super::{CERTIFICATES, FORMAT, KrlHead, MAGIC, SERIAL_BITMAP, SERIAL_LIST, SERIAL_RANGE};
use crate::ssh::limits::{KRL_BITMAP_BITS_MAX, KRL_BYTES_MAX, KRL_COMMENT_BYTES_MAX, KRL_SERIALS_MAX};
use crate::ssh::login::LoginCertificate;
use crate::ssh::public_key::SshPublicKey;
use crate::ssh::wire::{Malformed, Reader};

/// A list of revoked certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Krl {
    head: KrlHead,
    revoked: Vec<Revoked>,
}

/// A run of serial numbers, of one authority or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Revoked {
    authority: Option<SshPublicKey>,
    first: u64,
    last: u64,
}

// === impl Krl ===

impl Krl {
    /// Reads it.
    ///
    /// # Errors
    /// It is cut, too long, or revokes by other means than serial numbers of Ed25519 authorities' certificates.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > KRL_BYTES_MAX {
            return Err(Malformed);
        }
        let mut reader = Reader::new(bytes);
        if reader.u64()? != MAGIC || reader.u32()? != FORMAT {
            return Err(Malformed);
        }
        let (version, made_at, _flags) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let _reserved = reader.string()?;
        let comment = reader.text(KRL_COMMENT_BYTES_MAX)?.to_owned();
        let mut krl = Self { head: KrlHead { version, made_at, comment }, revoked: Vec::new() };
        while !reader.is_empty() {
            if reader.byte()? != CERTIFICATES {
                return Err(Malformed);
            }
            krl.read_certificates(Reader::new(reader.string()?))?;
        }
        Ok(krl)
    }

    /// What stands in front.
    pub fn head(&self) -> &KrlHead {
        &self.head
    }

    /// How many certificates it revokes.
    pub fn count(&self) -> u64 {
        self.revoked.iter().fold(0, |count, run| count.saturating_add((run.last - run.first).saturating_add(1)))
    }

    /// Whether a host that keeps this list refuses the certificate.
    pub fn revokes(&self, certificate: &LoginCertificate) -> bool {
        self.revoked.iter().any(|run| {
            let is_theirs = run.authority.is_none_or(|authority| authority == certificate.authority());
            is_theirs && (run.first..=run.last).contains(&certificate.serial())
        })
    }

    fn read_certificates(&mut self, mut reader: Reader<'_>) -> Result<(), Malformed> {
        let authority = reader.string()?;
        let authority = (!authority.is_empty()).then(|| SshPublicKey::from_blob(authority)).transpose()?;
        let _reserved = reader.string()?;
        while !reader.is_empty() {
            let (kind, mut body) = (reader.byte()?, Reader::new(reader.string()?));
            match kind {
                SERIAL_LIST => {
                    while !body.is_empty() {
                        let serial = body.u64()?;
                        self.add(authority, serial, serial)?;
                    }
                }
                SERIAL_RANGE => {
                    self.add(authority, body.u64()?, body.u64()?)?;
                    body.end()?;
                }
                SERIAL_BITMAP => {
                    let (first, bits) = (body.u64()?, body.string()?);
                    body.end()?;
                    self.add_bits(authority, first, bits)?;
                }
                _ => return Err(Malformed),
            }
        }
        Ok(())
    }

    fn add(&mut self, authority: Option<SshPublicKey>, first: u64, last: u64) -> Result<(), Malformed> {
        if first == 0 || first > last || self.revoked.len() == KRL_SERIALS_MAX {
            return Err(Malformed);
        }
        self.revoked.push(Revoked { authority, first, last });
        Ok(())
    }

    fn add_bits(&mut self, authority: Option<SshPublicKey>, first: u64, bits: &[u8]) -> Result<(), Malformed> {
        // A zero in front, where the highest bit would be read as a sign.
        let too_long = u64::try_from(bits.len()).is_ok_and(|bytes| bytes > KRL_BITMAP_BITS_MAX / 8 + 1);
        let is_negative = bits.first().is_some_and(|first| first & 0x80 != 0);
        if too_long || is_negative {
            return Err(Malformed);
        }
        let bytes = (0_u64..).zip(bits.iter().rev());
        let places =
            bytes.flat_map(|(at, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| at * 8 + bit));
        places.into_iter().try_for_each(|place| {
            let serial = first.checked_add(place).ok_or(Malformed)?;
            self.add(authority, serial, serial)
        })
    }
}
