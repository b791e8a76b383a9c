//! writ's own tokens for relying parties.

use brokers::broker::{BrokerError, TokenAsk, TokenSource};
use domain::Time;
use zeroize::Zeroizing;

/// Signs with the installation's issuer.
pub struct Tokens;

impl TokenSource for Tokens {
    fn token(&self, _ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        Err(BrokerError::operator("this installation signs no tokens for relying parties yet"))
    }
}
