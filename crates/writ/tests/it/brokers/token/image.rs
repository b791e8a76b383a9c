//! The smallest image that clients take: one empty layer, as an OCI image layout.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

/// Writes it, with the tag `1`.
pub(super) fn write(folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |media: &str, content: &[u8]| -> Value {
        let hex: String = digest(&SHA256, content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(blobs.join(&hex), content).unwrap();
        json!({ "mediaType": media, "digest": format!("sha256:{hex}"), "size": content.len() })
    };
    // An empty tar archive is two blocks of zeros.
    let layer = put("application/vnd.oci.image.layer.v1.tar", &[0; 1024]);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
    });
    let config = put("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let media = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": media, "config": config, "layers": [layer] });
    let mut manifest = put(media, manifest.to_string().as_bytes());
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    std::fs::write(folder.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string()).unwrap();
}
