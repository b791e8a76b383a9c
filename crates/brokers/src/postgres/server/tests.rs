use super::*;

fn check(host: &str, sslmode: Sslmode, ca: Option<&str>, expected: &str) {
    assert_eq!(Server::new(host, 5432, sslmode, ca).unwrap_err().to_string(), expected);
}

#[test]
fn an_unprotected_connection_stays_on_this_machine() {
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
        Server::new(host, 5432, Sslmode::Disable, None).unwrap();
    }
    for host in ["db.example.com", "10.0.0.1", "localhost.example.com", "0.0.0.0"] {
        check(
            host,
            Sslmode::Disable,
            None,
            "`sslmode` `disable` is for localhost only: everybody on the way could read and change what is sent",
        );
    }
}

#[test]
fn a_host_is_a_host_and_a_root_a_root() {
    check("", Sslmode::VerifyFull, None, "`host` is a name or an address, such as db.example.com");
    check("a b", Sslmode::VerifyFull, None, "`host` is a name or an address, such as db.example.com");
    let expected = "`ca` is one or more certificates as PEM (-----BEGIN CERTIFICATE-----)";
    check("db", Sslmode::VerifyFull, Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), expected);
    check("db", Sslmode::VerifyFull, Some("no certificate"), expected);
    check("db", Sslmode::VerifyFull, Some(""), expected);
}
