#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use brokers::ssh::{CertificateClaims, SshAuthority};
use domain::{SessionId, Time};

use super::*;

fn key() -> SshKey {
    SshKey::from_seed(&[2; 32]).unwrap()
}

fn certificate(serial: u64) -> Certificate {
    let session = SessionId::new(Time::from_unix_millis(1_795_377_600_000), 7);
    let (valid_after, valid_before) = (0, u64::MAX);
    let key_id = "writ".to_owned();
    let claims = CertificateClaims {
        key: key().public(),
        serial,
        key_id,
        principals: vec![],
        valid_after,
        valid_before,
        session,
    };
    SshAuthority::from_seed(&[1; 32]).unwrap().certify(&claims, &[3; 32]).unwrap()
}

fn agent() -> Agent {
    let agent = Agent::new(key());
    agent.offer(certificate(1));
    agent
}

/// What `ssh-keygen -Y sign` has signed.
fn sshsig(namespace: &str) -> Vec<u8> {
    let writer = Writer::new().raw(b"SSHSIG").string(namespace.as_bytes()).string(b"").string(b"sha512");
    writer.string(&[0; 64]).into_bytes()
}

fn sign_request(key: &[u8], data: &[u8]) -> Vec<u8> {
    Writer::new().byte(SIGN_REQUEST).string(key).string(data).u32(0).into_bytes()
}

/// The answer as it goes over the wire.
fn answer(agent: &Agent, request: &[u8]) -> Vec<u8> {
    agent.answer(request).unwrap_or_else(|| vec![FAILURE])
}

/// How many identities are offered, and the first one.
fn offered(agent: &Agent) -> (u32, Vec<u8>) {
    let answer = answer(agent, &[REQUEST_IDENTITIES]);
    let mut reader = Reader::new(&answer);
    assert_eq!(reader.byte(), Ok(IDENTITIES_ANSWER));
    let count = reader.u32().unwrap();
    (count, reader.string().unwrap_or_default().to_vec())
}

#[test]
fn it_offers_the_certificate_and_signs_commits_with_it() {
    let agent = agent();
    assert_eq!(offered(&agent), (1, certificate(1).blob().to_vec()));
    let data = sshsig("git");
    let answer = answer(&agent, &sign_request(certificate(1).blob(), &data));
    let mut reader = Reader::new(&answer);
    assert_eq!(reader.byte(), Ok(SIGN_RESPONSE));
    assert!(key().public().verifies(&data, reader.string().unwrap()));
    reader.end().unwrap();
}

#[test]
fn it_signs_nothing_but_commits() {
    let log_in = Writer::new().string(&[7; 32]).byte(50).string(b"git").string(b"ssh-connection").into_bytes();
    let more = [sshsig("git"), vec![0]].concat();
    let cut = sshsig("git")[..60].to_vec();
    for data in [sshsig("file"), sshsig(""), log_in, Vec::new(), b"SSHSIG".to_vec(), more, cut] {
        assert_eq!(answer(&agent(), &sign_request(certificate(1).blob(), &data)), [FAILURE], "{data:?}");
    }
}

#[test]
fn it_signs_with_no_other_key_and_not_with_the_bare_key() {
    for other in [certificate(9).blob().to_vec(), key().public().blob(), Vec::new()] {
        assert_eq!(answer(&agent(), &sign_request(&other, &sshsig("git"))), [FAILURE]);
    }
    assert_eq!(offered(&Agent::new(key())).0, 0, "without a certificate nothing is offered");
}

#[test]
fn a_renewed_certificate_is_offered_first_and_the_one_before_still_works() {
    let agent = agent();
    agent.offer(certificate(2));
    assert_eq!(offered(&agent), (2, certificate(2).blob().to_vec()));
    agent.offer(certificate(3));
    let works = |serial| answer(&agent, &sign_request(certificate(serial).blob(), &sshsig("git"))) != [FAILURE];
    assert_eq!([works(1), works(2), works(3)], [false, true, true]);
}

#[test]
fn everything_else_is_a_failure() {
    // Add, remove, lock, unlock, extensions (section 5.1), and what is cut or has more than it should.
    let add = Writer::new().byte(17).string(b"ssh-ed25519").into_bytes();
    let cut = sign_request(certificate(1).blob(), &sshsig("git"));
    let more = [cut.as_slice(), &[0]].concat();
    let requests: [&[u8]; 9] = [&[], &[1], &add, &[18], &[19], &[22], &[27, 0], &cut[..cut.len() - 1], &more];
    for request in requests {
        assert_eq!(answer(&agent(), request), [FAILURE], "{request:?}");
    }
    assert_eq!(answer(&agent(), &[REQUEST_IDENTITIES, 0]), [FAILURE]);
}

#[tokio::test]
async fn requests_come_in_frames_and_a_frame_that_is_too_long_ends_the_connection() {
    let (mut client, server) = tokio::io::duplex(64);
    let speaking = tokio::spawn(agent().speak(None, server));
    client.write_all(&[0, 0, 0, 1, REQUEST_IDENTITIES]).await.unwrap();
    let length = client.read_u32().await.unwrap();
    let mut told = vec![0; length as usize];
    client.read_exact(&mut told).await.unwrap();
    assert_eq!(told, answer(&agent(), &[REQUEST_IDENTITIES]));
    client.write_u32(FRAME_BYTES_MAX + 1).await.unwrap();
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0, "closed");
    speaking.await.unwrap();
}
