//! What to paste at a relying party, so that it takes this issuer's tokens and nobody else's. Words in capital letters are
//! for the reader to fill in.

use serde_json::{Value, json};

/// All are needed: a call that brings tags or a source identity fails as a whole without the right to.
const AWS_ACTIONS: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
/// A trust policy with `sts:SetSourceIdentity` is malformed there (measured with 16.2.15 and 18.2.7).
const CEPH_ACTIONS: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:TagSession"];

/// A relying party and whom it is to let in.
pub(super) struct Party<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) kind: &'a str,
    /// The exact `sub`.
    pub(super) subject: String,
    /// SHA-1 of the published keys' certificates.
    pub(super) thumbprints: Vec<&'a str>,
}

/// One thing to paste.
pub(super) struct Piece {
    pub(super) title: &'static str,
    pub(super) text: String,
}

/// The audience that a kind has when nobody says.
pub(super) fn usual_audience(kind: &str) -> String {
    match kind {
        "aws" | "ceph" => "sts.amazonaws.com",
        "azure" => "api://AzureADTokenExchange",
        "gcp" => {
            "//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/writ/providers/writ"
        }
        "kubernetes" => "kubernetes",
        "anthropic" => "https://api.anthropic.com",
        "vault" => "vault",
        "registry" => "registry",
        _ => "AUDIENCE",
    }
    .to_owned()
}

// === impl Party ===

impl Party<'_> {
    /// What to paste, in order.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        match self.kind {
            "aws" => self.iam("aws iam", "arn:aws:iam::ACCOUNT_ID:oidc-provider/", AWS_ACTIONS, None),
            "ceph" => {
                let (command, thumbprints) = ("aws --endpoint-url RGW_URL iam", self.thumbprints.join(" "));
                self.iam(command, "arn:aws:iam:::oidc-provider/", CEPH_ACTIONS, Some(&thumbprints))
            }
            "azure" => self.azure(),
            "gcp" => self.gcp(),
            "kubernetes" => self.kubernetes(),
            "vault" => self.vault(),
            "registry" => self.registry(),
            _ => self.claims(),
        }
    }

    /// IAM's way: a provider per issuer, and a trust policy per role.
    fn iam(&self, command: &str, provider: &str, actions: &[&str], thumbprints: Option<&str>) -> Vec<Piece> {
        let name = self.issuer.split_once("://").map_or(self.issuer, |(_, name)| name);
        let thumbprints = thumbprints.map(|list| format!(" \\\n  --thumbprint-list {list}")).unwrap_or_default();
        let create = format!(
            "{command} create-open-id-connect-provider --url {} --client-id-list {}{thumbprints}",
            self.issuer, self.audience
        );
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": format!("{provider}{name}") },
                "Action": actions,
                "Condition": {
                    "StringEquals": { format!("{name}:aud"): self.audience, format!("{name}:sub"): self.subject },
                },
            }],
        });
        vec![
            Piece { title: "the provider, once", text: create },
            Piece { title: "the role's trust policy", text: pretty(&policy) },
        ]
    }

    fn azure(&self) -> Vec<Piece> {
        let parameters = json!({
            "name": "writ",
            "issuer": self.issuer,
            "subject": self.subject,
            "audiences": [self.audience],
        });
        let create =
            format!("az ad app federated-credential create --id APP_ID --parameters '{}'", pretty(&parameters));
        vec![Piece { title: "the federated credential (at most 20 for an application)", text: create }]
    }

    fn gcp(&self) -> Vec<Piece> {
        let pool = "gcloud iam workload-identity-pools create writ --location=global";
        let mapping = "google.subject=assertion.sub,attribute.session=assertion.session,\
                       attribute.developer=assertion.developer,attribute.project=assertion.project";
        let provider = format!(
            "gcloud iam workload-identity-pools providers create-oidc writ --location=global \\\n  \
             --workload-identity-pool=writ --issuer-uri={} \\\n  --allowed-audiences={} \\\n  \
             --attribute-mapping={mapping} \\\n  --attribute-condition=\"assertion.sub=='{}'\"",
            self.issuer, self.audience, self.subject
        );
        let private = "writ issuer export --dir public --without-x5c\n\
                       # and to the command above: --jwk-json-path=public/.well-known/jwks.json";
        let member = format!(
            "gcloud iam service-accounts add-iam-policy-binding SERVICE_ACCOUNT \\\n  \
             --role=roles/iam.workloadIdentityUser \\\n  --member='principal://iam.googleapis.com/projects/\
             PROJECT_NUMBER/locations/global/workloadIdentityPools/writ/subject/{}'",
            self.subject
        );
        vec![
            Piece { title: "the pool and its provider, once", text: format!("{pool}\n{provider}") },
            Piece { title: "where Google cannot reach the issuer", text: private.to_owned() },
            Piece { title: "the right to act as a service account", text: member },
        ]
    }

    fn kubernetes(&self) -> Vec<Piece> {
        let configuration = format!(
            "apiVersion: apiserver.config.k8s.io/v1\n\
             kind: AuthenticationConfiguration\n\
             jwt:\n\
             - issuer:\n    \
                 url: {}\n    \
                 audiences:\n    \
                 - {}\n  \
               claimValidationRules:\n  \
               - expression: claims.sub == '{}'\n    \
                 message: not a session of this project\n  \
               claimMappings:\n    \
                 username:\n      \
                   expression: '\"writ:\" + claims.sub'\n    \
                 uid:\n      \
                   expression: claims.session\n    \
                 groups:\n      \
                   expression: '[\"writ:\" + claims.profile]'\n    \
                 extra:\n    \
                 - key: writ.example.com/developer\n      \
                   valueExpression: claims.developer\n    \
                 - key: writ.example.com/session\n      \
                   valueExpression: claims.session\n",
            self.issuer, self.audience, self.subject
        );
        vec![Piece { title: "the file for --authentication-config of kube-apiserver", text: configuration }]
    }

    fn vault(&self) -> Vec<Piece> {
        let configure = format!(
            "vault auth enable jwt\nvault write auth/jwt/config oidc_discovery_url={issuer} bound_issuer={issuer}",
            issuer = self.issuer
        );
        let role = json!({
            "role_type": "jwt",
            "user_claim": "developer",
            "bound_audiences": [self.audience],
            "bound_subject": self.subject,
            "claim_mappings": { "developer": "developer", "project": "project", "session": "session" },
            "token_policies": ["POLICY"],
        });
        let role = format!("vault write auth/jwt/role/writ - <<'END'\n{}\nEND", pretty(&role));
        vec![Piece { title: "the method, once", text: configure }, Piece { title: "the role", text: role }]
    }

    fn registry(&self) -> Vec<Piece> {
        let text = format!(
            "auth:\n  token:\n    realm: TOKEN_ENDPOINT\n    service: {}\n    issuer: {}\n    jwks: JWKS_FILE\n",
            self.audience, self.issuer
        );
        vec![Piece { title: "in the registry's config.yml", text }]
    }

    /// For whoever has a form to fill in.
    fn claims(&self) -> Vec<Piece> {
        let text = format!(
            "iss  {issuer}\naud  {}\nsub  {}\nkeys {issuer}/.well-known/jwks.json\n",
            self.audience,
            self.subject,
            issuer = self.issuer
        );
        vec![Piece { title: "what a token has", text }]
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
