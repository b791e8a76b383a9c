//! The meter's own view of an answer's bytes. The client gets what the upstream sent; this side undoes its compression.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use metering::{Observed, Observer};

use crate::limits::METER_DECODED_BYTES_MAX;

/// Feeds an observer from a body in whatever coding it has.
#[expect(clippy::large_enum_variant, reason = "nearly every answer is plain, and its meter is boxed as a whole")]
pub(crate) enum Tap {
    /// As it is.
    Plain(Observer),
    /// gzip.
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// deflate, which in HTTP means zlib (RFC 9110 §8.4.1.2).
    Deflate(Box<ZlibDecoder<Sink>>),
    /// A coding that writ does not read, or one that turned out broken: the call is settled at its bound.
    Blind,
}

/// Passes decoded bytes to the observer, up to a bound.
pub(crate) struct Sink {
    observer: Observer,
    left: usize,
}

impl Tap {
    /// For an answer with this head.
    pub(crate) fn new(headers: &HeaderMap, requested_stream: bool) -> Self {
        let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let observer = Observer::for_content_type(text(CONTENT_TYPE), requested_stream);
        let sink = |observer| Sink { observer, left: METER_DECODED_BYTES_MAX };
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let coding = codings.next().map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        match (coding.as_deref(), codings.next()) {
            (None | Some("" | "identity"), None) => Self::Plain(observer),
            (Some("gzip" | "x-gzip"), None) => Self::Gzip(Box::new(MultiGzDecoder::new(sink(observer)))),
            (Some("deflate"), None) => Self::Deflate(Box::new(ZlibDecoder::new(sink(observer)))),
            _ => Self::Blind,
        }
    }

    /// Takes the next bytes of the body.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let fed = match self {
            Self::Plain(observer) => {
                observer.feed(bytes);
                Ok(())
            }
            // Flushed, so that a cut stream's last whole event is seen.
            Self::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Self::Deflate(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Self::Blind => Ok(()),
        };
        if fed.is_err() {
            *self = Self::Blind;
        }
    }

    /// What was seen; `ended` says whether the body came to its proper end.
    pub(crate) fn finish(self, ended: bool) -> Observed {
        let decoded = match self {
            Self::Plain(observer) => Ok(observer),
            Self::Gzip(mut decoder) => decoder.flush().and_then(|()| taken(decoder.get_mut())),
            Self::Deflate(mut decoder) => decoder.flush().and_then(|()| taken(decoder.get_mut())),
            Self::Blind => return Observed::default(),
        };
        decoded.map(|observer| observer.finish(ended)).unwrap_or_default()
    }
}

/// The decoders give their sink back only with a valid trailer, which a cut stream has not: it is taken out instead.
fn taken(sink: &mut Sink) -> io::Result<Observer> {
    Ok(std::mem::replace(&mut sink.observer, Observer::for_content_type(None, false)))
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or_else(|| io::Error::other("more decoded bytes than any answer has"))?;
        self.observer.feed(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
