//! One call of STS or IAM, and how it failed.

use domain::Time;

use super::endpoint::Endpoint;
use super::form::Form;
use super::identity::Identity;
use super::reply::{Document, Strange};
use crate::broker::{BrokerError, Wire, WireError};
use crate::limits::REQUEST_MAX;

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be sent: this says why.
    Own(BrokerError),
    /// No answer.
    Wire(WireError),
    /// The service said no.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code, as the service's documentation lists it; empty if it gave none.
        code: String,
    },
    /// It said yes, but not what.
    Strange(Strange),
}

/// Sends a form, signed if there is an identity, and reads the answer.
pub(super) async fn call(
    endpoint: &Endpoint,
    form: &Form,
    identity: Option<&Identity>,
    wire: &dyn Wire,
    now: Time,
) -> Result<Document, Failure> {
    let request = endpoint.request(form, identity, now).map_err(Failure::Own)?;
    let answer = wire.send(request, REQUEST_MAX).await.map_err(Failure::Wire)?;
    let document = Document::read(answer.body());
    if answer.status().is_success() {
        return document.map_err(Failure::Strange);
    }
    let code =
        document.ok().and_then(|document| document.one("Error/Code").ok().map(str::to_owned)).unwrap_or_default();
    Err(Failure::Refused { status: answer.status().as_u16(), code })
}

// === impl Failure ===

impl Failure {
    /// The error for what any service may say; `service` as in "STS". The caller has dealt with what it knows better.
    pub(super) fn error(self, service: &str) -> BrokerError {
        match self {
            Self::Own(error) => error,
            Self::Wire(error) => {
                let mut error = BrokerError::from(error);
                error.text = format!("{service} did not answer: {}", error.text);
                error
            }
            Self::Strange(why) => {
                BrokerError::away(format!("{service}'s answer is not understood: {why}; check the endpoint"))
                    .perhaps_minted()
            }
            Self::Refused { status, code } => refused(service, status, &code),
        }
    }
}

fn refused(service: &str, status: u16, code: &str) -> BrokerError {
    match (code, status) {
        ("Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "SlowDown", _) | (_, 429) => {
            BrokerError::away(format!("{service} asks for fewer requests: it is tried again later"))
        }
        ("RequestExpired" | "RequestTimeTooSkewed", _) => BrokerError::operator(format!(
            "{service} finds the request too old or too new: the clocks of writ and of {service} differ by more than 15 \
             minutes; set the clock of writ's machine"
        )),
        ("InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException", _) => {
            BrokerError::operator(format!(
                "{service} does not know the access key id of this broker's secrets, or its session token: set them again"
            ))
        }
        ("SignatureDoesNotMatch" | "IncompleteSignature", _) => BrokerError::operator(format!(
            "{service} does not accept the signature: the secret access key is another one, or the clocks of writ and of \
             {service} differ by more than 15 minutes"
        )),
        ("ExpiredToken", _) => {
            BrokerError::operator("the broker's own key has expired: set `session_token` and the keys with it again")
        }
        (_, 300..=399) => {
            BrokerError::operator(format!("{service} answers with a redirect: check the endpoint and the region"))
        }
        (_, 500..) => {
            BrokerError::away(format!("{service} is out of order (status {status}): it is tried again later"))
                .perhaps_minted()
        }
        _ => BrokerError::refused(format!("{service} refused (status {status})")),
    }
}
