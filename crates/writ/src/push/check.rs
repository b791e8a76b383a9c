//! Asking the control plane.

use serde::Deserialize;
use serde_json::{Value, json};

use super::limits::{CHECK_ATTEMPTS, CHECK_MAX, CHECK_RETRY_PAUSE, LANDED_MAX};
use super::question::Question;
use super::verdict::{Refused, Verdict};
use crate::client::{Client, ClientError};

/// The control plane decides about pushes; the client's bearer is the gate's own secret.
#[derive(Clone)]
pub(crate) struct Asking(pub(crate) Client);

#[derive(Deserialize)]
struct Admitted {
    admitted: u64,
}

// === impl Asking ===

impl Asking {
    /// Decides. Who cannot decide refuses.
    pub(crate) async fn check(&self, question: &Question) -> Verdict {
        let asked = tokio::time::timeout(CHECK_MAX, self.asked(question)).await;
        asked.unwrap_or_else(|_| {
            Verdict::Refused(Refused::unanswered(format!("no answer within {} s", CHECK_MAX.as_secs())))
        })
    }

    /// Says that an admitted push is not on its way any more. Nothing depends on it: what is not said lapses within a minute.
    pub(crate) async fn landed(&self, position: u64) {
        let path = format!("/v1/push-checks/{position}/landed");
        let nothing = json!({});
        let said = self.0.post::<Value>(&path, &nothing);
        match tokio::time::timeout(LANDED_MAX, said).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, position, "nobody took that a push has arrived"),
            Err(_) => tracing::debug!(position, "nobody took in time that a push has arrived"),
        }
    }

    /// A question that is asked twice is at worst admitted twice: the second entry says so too.
    async fn asked(&self, question: &Question) -> Verdict {
        for _ in 1..CHECK_ATTEMPTS {
            match self.once(question).await {
                Err(error) if error.may_pass() => tokio::time::sleep(CHECK_RETRY_PAUSE).await,
                decided => return verdict(decided),
            }
        }
        verdict(self.once(question).await)
    }

    async fn once(&self, question: &Question) -> Result<Admitted, ClientError> {
        self.0.post("/v1/push-checks", question).await
    }
}

fn verdict(answer: Result<Admitted, ClientError>) -> Verdict {
    match answer {
        Ok(Admitted { admitted }) => Verdict::Admitted { position: Some(admitted) },
        Err(ClientError::Refused(problem)) if problem.status == 401 => Verdict::Refused(Refused::unproven(
            problem.sentence(),
            "the session may be over: start a new one with `writ run`; if it is not, the gate's secret is wrong",
        )),
        Err(ClientError::Refused(problem)) if problem.status < 500 => Verdict::Refused((*problem).into()),
        Err(error) => Verdict::Refused(Refused::unanswered(error)),
    }
}
