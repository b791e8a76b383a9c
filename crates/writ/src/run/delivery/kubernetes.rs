//! Kubernetes: a kubeconfig with one context per target, whose token an exec plugin of ours gives
//! (client.authentication.k8s.io/v1). JSON is YAML, so the file is JSON.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Prepared, Site, Unprepared, Wired};

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// Address of the API server.
    server: String,
    /// The certificate authority of the API server, PEM in base64; the system's own when left out.
    #[serde(default)]
    certificate_authority_data: Option<String>,
    /// Name that the API server's certificate is checked against.
    #[serde(default)]
    tls_server_name: Option<String>,
    /// Namespace of commands that name none.
    #[serde(default)]
    namespace: Option<String>,
    /// Whether commands that name no context get this one; else the first.
    #[serde(default)]
    default: bool,
}

/// Prepares the kubeconfig.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let (mut clusters, mut contexts, mut users) = (Vec::new(), Vec::new(), Vec::new());
    let mut current = None;
    for wired in wired {
        let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
        let name = wired.grant.name();
        clusters.push(json!({ "name": name, "cluster": cluster(&how) }));
        contexts.push(json!({ "name": name, "context": context(&how, &name) }));
        users.push(json!({ "name": name, "user": { "exec": plugin(wired, site) } }));
        if how.default || current.is_none() {
            current = Some(name);
        }
    }
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "preferences": {},
        "clusters": clusters, "contexts": contexts, "users": users, "current-context": current,
    });
    let path = site.subfolder("kubernetes")?.join("config");
    site.write(&path, &format!("{config:#}\n"))?;
    prepared.set("KUBECONFIG", path);
    Ok(())
}

fn cluster(how: &How) -> Map<String, Value> {
    let optional =
        [("certificate-authority-data", &how.certificate_authority_data), ("tls-server-name", &how.tls_server_name)];
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into())));
    std::iter::once(("server".to_owned(), how.server.as_str().into())).chain(optional).collect()
}

fn context(how: &How, name: &str) -> Map<String, Value> {
    let named = ["cluster", "user"].map(|part| (part.to_owned(), name.into()));
    let namespace = how.namespace.as_deref().map(|namespace| ("namespace".to_owned(), namespace.into()));
    named.into_iter().chain(namespace).collect()
}

fn plugin(wired: &Wired<'_>, site: &Site<'_>) -> Value {
    let words = site.helper("kubectl", &[&wired.grant.name()]);
    let mut words = words.iter().map(|word| word.to_string_lossy());
    json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": words.next(),
        "args": words.collect::<Vec<_>>(),
        "interactiveMode": "Never",
        "provideClusterInfo": false,
    })
}

#[cfg(test)]
mod tests;
