//! `/tlog` and `/v1/log`: the log as C2SP tlog-tiles lays it out, and proofs that an outsider can check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use insta::assert_snapshot;
use ledger::{ProofPlan, SignedCheckpoint, TileSet, TlogProof, VerifierKey, verify_consistency};
use serde_json::json;

use crate::routes::{developer, tested};
use crate::support::{Caller, Writ, send, until};

/// The newest checkpoint once it covers this many entries, verified; and the key.
async fn checkpoint(caller: &Caller, size: u64) -> (SignedCheckpoint, VerifierKey) {
    until("a checkpoint of what was written", || async {
        let answer = caller.get("/v1/log/checkpoint").await;
        let key: VerifierKey = answer.json()["key"].as_str()?.parse().unwrap();
        let note = caller.get("/tlog/checkpoint").await;
        let checkpoint = SignedCheckpoint::open(note.text().as_bytes(), &key).unwrap();
        (checkpoint.size() >= size).then_some((checkpoint, key))
    })
    .await
}

/// How many entries there are now.
async fn entries(auditor: &Caller) -> u64 {
    auditor.get("/v1/log/verify").await.json()["entries"].as_u64().unwrap()
}

async fn lin(writ: &Writ, people: &crate::support::People) -> Caller {
    developer(writ, people, "lin", &["auditor"]).await
}

/// Not a line of writ's own proof code on the serving side is believed: only tiles, hashed here.
#[test]
fn the_root_follows_from_the_tiles_and_the_entries() {
    tested(async |writ, people| {
        let lin = lin(writ, people).await;
        let (checkpoint, _) = checkpoint(&lin, entries(&lin).await).await;
        let mut tiles = TileSet::new();
        for tile in ProofPlan::root(checkpoint.size()).unwrap().tiles() {
            let answer = lin.get(&format!("/tlog/{tile}")).await;
            assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
            tiles.insert(tile, &answer.body).unwrap();
        }
        assert_eq!(ledger::root_from_tiles(checkpoint.size(), &tiles).unwrap(), checkpoint.root());

        let mut frontier = ledger::Frontier::new();
        for bundle in ledger::bundles(checkpoint.size()) {
            let answer = lin.get(&format!("/tlog/{bundle}")).await;
            let found = ledger::decode_bundle(&answer.body, bundle.width()).unwrap();
            found.iter().for_each(|entry| frontier.push(ledger::leaf_hash(entry)));
        }
        assert_eq!(frontier.root(), checkpoint.root());
    });
}

#[test]
fn the_log_is_shown_to_have_grown() {
    tested(async |writ, people| {
        let lin = lin(writ, people).await;
        let (old, key) = checkpoint(&lin, entries(&lin).await).await;
        people.grace.open(json!({})).await;
        let (new, _) = checkpoint(&lin, old.size() + 1).await;
        // Also to somebody who may see nothing else: an agent.
        let agent = people.grace.open(json!({})).await.caller;
        let answer = agent.get(&format!("/v1/log/checkpoint?since={}", old.size())).await.json();
        let shown = SignedCheckpoint::open(answer["checkpoint"].as_str().unwrap().as_bytes(), &key).unwrap();
        assert!(shown.size() >= new.size());
        let hash = |text: &serde_json::Value| {
            let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
            Digest::from_bytes(bytes.try_into().unwrap())
        };
        let proof: Vec<_> = answer["consistency"].as_array().unwrap().iter().map(hash).collect();
        verify_consistency(old.size(), &old.root(), shown.size(), &shown.root(), &proof).unwrap();
        // From nothing, and from beyond, there is nothing to prove.
        for since in [0, shown.size() + 1000] {
            let answer = agent.get(&format!("/v1/log/checkpoint?since={since}")).await.json();
            assert_eq!(answer["consistency"], json!([]));
        }
    });
}

#[test]
fn an_entry_is_proved_to_its_developer_and_to_auditors() {
    tested(async |writ, people| {
        let lin = lin(writ, people).await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let listed = people.grace.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
        let position = listed["entries"][0]["position"].as_u64().unwrap();
        let (_, key) = checkpoint(&lin, position + 1).await;
        let policy = ledger::TrustPolicy::parse(format!("log {key}\nquorum none\n").as_bytes()).unwrap();
        let path = format!("/v1/log/entries/{position}/proof");
        for caller in [&people.grace, &lin, &people.ada] {
            let answer = caller.get(&path).await.json();
            let proof = TlogProof::parse(answer["proof"].as_str().unwrap().as_bytes()).unwrap();
            let entry = answer["entry"].as_str().unwrap();
            assert_eq!((proof.index, answer["leaf"].as_str()), (position, listed["entries"][0]["leaf"].as_str()));
            proof.verify(entry.as_bytes(), &policy).unwrap();
            assert!(entry.contains(&session.id));
            let altered = entry.replacen("session.opened", "session.opener", 1);
            proof.verify(altered.as_bytes(), &policy).unwrap_err();
        }
        let eve = developer(writ, people, "eve", &["member"]).await;
        assert_snapshot!(eve.get(&path).await.shown(), @"403 forbidden: you may not see this session: it is not yours, and you do not have the role `auditor` → ask for your own, or ask an administrator for the role `auditor`");
        assert_snapshot!(eve.get("/v1/log/entries/0/proof").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(lin.get("/v1/log/entries/999999/proof").await.shown(), @"404 not_found: no entry `999999`");
        assert_snapshot!(lin.get("/v1/log/entries/x/proof").await.shown(), @"400 invalid_request: the request cannot be read");
        assert_snapshot!(session.caller.get(&path).await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
    });
}

#[test]
fn hashes_are_for_everybody_here_and_entries_for_auditors() {
    tested(async |writ, people| {
        let lin = lin(writ, people).await;
        let (checkpoint, _) = checkpoint(&lin, 5).await;
        let width = checkpoint.size();
        let session = people.grace.open(json!({})).await.caller;
        assert_snapshot!(writ.anonymous().get("/tlog/checkpoint").await.shown(), @"401 unauthenticated: this needs `authorization: Bearer` with a writ token → sign in with `writ login`");
        assert_eq!(session.get(&format!("/tlog/tile/0/000.p/{width}")).await.status, 200);
        assert_snapshot!(session.get(&format!("/tlog/tile/entries/000.p/{width}")).await.shown(), @"403 forbidden: only a signed-in developer may read the log → sign in with `writ login`; the token of a session is for the agent's own calls");
        assert_snapshot!(people.grace.get(&format!("/tlog/tile/entries/000.p/{width}")).await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        // A tile of an earlier checkpoint stays.
        assert_eq!(lin.get("/tlog/tile/0/000.p/2").await.body.len(), 64);
        for path in ["tile/0/001", "tile/0/000.p/255", "tile/1/000", "tile/entries/x001/000", "tile/63/000.p/1"] {
            assert_eq!(lin.get(&format!("/tlog/{path}")).await.status, 404, "{path}");
        }
        for path in ["tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/64/000", "tile/x/000", "tile/0/000.p/02"] {
            let answer = lin.get(&format!("/tlog/{path}")).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("invalid_request")), "{path}");
        }
        assert_snapshot!(lin.get("/tlog/tile/0/0").await.shown(), @"400 invalid_request: not the path of a tile or a bundle of entries");
    });
}

/// Tools that know no bearer send the token as a password.
#[test]
fn basic_is_as_good_as_bearer() {
    tested(async |writ, people| {
        checkpoint(&people.grace, 1).await;
        let token = people.grace.token.clone().unwrap();
        let ask = async |pair: &str| {
            let basic = format!("Basic {}", STANDARD.encode(pair));
            let url = format!("{}/tlog/checkpoint", writ.url);
            send(http::Method::GET, &url, &[("authorization", &basic)], "").await
        };
        assert_eq!(ask(&format!("anybody:{token}")).await.status, 200);
        assert_eq!(ask(&token).await.status, 401);
        assert_eq!(ask("anybody:wrong").await.status, 401);
    });
}
