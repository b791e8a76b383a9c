//! A server that is away, silent, or none at all.

use brokers::broker::{BrokerError, Fault};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::next;
use super::server::{Minting, Real};

/// A listener that reads a little and then answers so; nothing means that it says nothing at all.
async fn listener(answer: Option<&'static [u8]>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 64]).await;
            match answer {
                Some(answer) => drop(stream.write_all(answer).await),
                None => silent.push(stream),
            }
        }
    });
    port
}

async fn asked(port: u16, sslmode: &str) -> BrokerError {
    let settings: Value = json!({
        "host": "localhost", "port": port, "user": "broker", "sslmode": sslmode,
        "targets": { "app": { "database": "payments", "group": "payments_rw" } },
    });
    let real = Real::start();
    let broker = Minting::open(&settings, "secret of the broker");
    let order = real.order(next());
    let error = broker.mint(&order).await.unwrap_err();
    assert!(!error.maybe_minted, "nothing was asked of it: {error}");
    let revoking = broker.revoke(&order).await.unwrap_err();
    assert_eq!((revoking.fault, revoking.may_pass), (error.fault, error.may_pass), "{revoking}");
    error
}

#[tokio::test]
async fn nobody_there() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = asked(port, "disable").await;
    assert_eq!((error.fault, error.may_pass), (Fault::Target, true));
    assert_eq!(error.text, format!("the PostgreSQL server localhost:{port} cannot be reached: connection refused"));
}

#[tokio::test]
async fn somebody_who_says_nothing() {
    let port = listener(None).await;
    let error = asked(port, "disable").await;
    assert_eq!((error.fault, error.may_pass), (Fault::Target, true));
    assert!(error.text.ends_with("accepted the connection but no log-in within 5 s"), "{error}");
    let error = asked(port, "verify-full").await;
    assert!(error.text.ends_with("does not answer within 5 s"), "{error}");
}

#[tokio::test]
async fn somebody_who_speaks_otherwise() {
    for sslmode in ["disable", "verify-full"] {
        for answer in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            &[0; 64],
            &[0xff; 64],
            b"R\0\0\0\x08\0\0\0\x63",
            b"SSH-2.0-x\r\n",
        ] {
            let error = asked(listener(Some(answer)).await, sslmode).await;
            assert!(error.text.starts_with("the PostgreSQL server localhost:"), "{error}");
            assert!(!error.text.contains("HTTP") && !error.text.contains("secret"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls() {
    let error = asked(listener(Some(b"N")).await, "verify-full").await;
    assert_eq!(error.fault, Fault::Operator);
    assert!(error.text.ends_with("speaks no TLS: set `ssl = on` and a certificate there"), "{error}");
}

#[tokio::test]
async fn a_server_with_a_certificate_that_is_not_trusted_or_for_another_host() {
    let real = Real::start();
    let error = asked(real.port(), "verify-full").await;
    assert_eq!(error.fault, Fault::Operator);
    let reason =
        "shows a certificate that is not accepted (its root is not trusted): check `host`, or name its root in `ca`";
    assert!(error.text.ends_with(reason), "{error}");

    let mut settings = real.over_tls(json!({}));
    settings["host"] = json!("127.0.0.1");
    let error = Minting::open(&settings, real.text("broker_password")).mint(&real.order(next())).await.unwrap_err();
    assert!(error.text.contains("(it is for another host)"), "{error}");
}
