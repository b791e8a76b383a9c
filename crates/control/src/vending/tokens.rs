//! writ's own tokens for relying parties: what a broker asks to have stated, signed by the installation's issuer.

use std::collections::BTreeMap;
use std::sync::Arc;

use brokers::broker::{BrokerError, Order, TokenAsk, TokenSource};
use brokers::{AwsClaims, PartyKind, ProjectClaim, RelyingParty, SubjectParts, TokenClaims, aws_tag, source_identity};
use domain::credential::token_id;
use domain::{SessionId, TeamId, Time};
use zeroize::Zeroizing;

use crate::signing::Signing;
use crate::view::View;

/// Signs with the installation's issuer, for the relying parties that are configured.
pub struct Tokens {
    signing: Arc<Signing>,
    view: Arc<View>,
}

/// Tags that a role assumed from a session's keeps: who it was must not be shaken off.
const TRANSITIVE: [&str; 3] = ["session", "developer", "project"];

// === impl Tokens ===

impl Tokens {
    /// Tokens of this issuer.
    pub fn new(signing: Arc<Signing>, view: Arc<View>) -> Self {
        Self { signing, view }
    }

    fn lineage(&self, session: SessionId) -> (Vec<SessionId>, Option<TeamId>) {
        self.view.read(|state| {
            let team = state.sessions.get(&session).and_then(|live| live.team);
            (state.lineage(session), team)
        })
    }
}

impl TokenSource for Tokens {
    fn token(&self, ask: &TokenAsk<'_>, now: Time) -> Result<Zeroizing<String>, BrokerError> {
        let operator = |error: &dyn std::error::Error| BrokerError::operator(error.to_string());
        let party = self.signing.parties().find(ask.audience).map_err(|error| operator(&error))?;
        check_chain(ask, party)?;
        let order = ask.order;
        let (parents, team) = self.lineage(order.session);
        let parts = SubjectParts {
            project: Some((order.project, &order.project_name)),
            profile: &order.profile,
            developer: order.developer,
            session: order.session,
            team,
        };
        let claims = TokenClaims {
            audience: vec![ask.audience.to_owned()],
            subject: party.subject(&parts).map_err(|error| operator(&error))?,
            token_id: token_id(order.session, order.sequence),
            session: order.session,
            parents,
            developer: order.developer,
            developer_label: Some(order.developer_name.clone()).filter(|name| !name.is_empty()),
            project: Some(ProjectClaim { id: order.project, name: order.project_name.clone() }),
            profile: order.profile.clone(),
            aws: ask.for_aws.then(|| aws(order)),
            extra: ask.extra.clone(),
            issued_at: now,
            expires_at: (now + ask.life).min(order.expires_at),
        };
        let issuer = self.signing.issuer(now).map_err(|error| operator(&error))?;
        issuer.token(&claims).map(Zeroizing::new).map_err(|error| operator(&error))
    }
}

fn check_chain(ask: &TokenAsk<'_>, party: &RelyingParty) -> Result<(), BrokerError> {
    if !ask.with_chain || party.kind() == PartyKind::Registry {
        return Ok(());
    }
    let audience = ask.audience;
    Err(BrokerError::operator(format!(
        "only relying parties of kind `registry` get the certificate in the header of a token: say so of `{audience}` in \
         `[[issuer.audiences]]`"
    )))
}

fn aws(order: &Order) -> AwsClaims {
    let tags = [
        ("session", order.session.to_string()),
        ("developer", order.developer_name.clone()),
        ("project", order.project_name.to_string()),
        ("profile", order.profile.to_string()),
    ];
    AwsClaims {
        source_identity: source_identity(order.session, &order.developer_name),
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), aws_tag(&value))).collect::<BTreeMap<_, _>>(),
        transitive: TRANSITIVE.map(str::to_owned).to_vec(),
    }
}
