use super::*;

/// RFC 7677 section 3: user `user`, password `pencil`. The server's signature is made with the ServerKey, and the
/// client's proof gives the ClientKey, whose digest is the StoredKey.
#[test]
fn agrees_with_the_published_vector() {
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let verifier = verifier("pencil", &salt, ITERATIONS);
    let (head, keys) = verifier.rsplit_once('$').unwrap();
    assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
    let (stored, server) = keys.split_once(':').unwrap();
    let (stored, server) = (STANDARD.decode(stored).unwrap(), STANDARD.decode(server).unwrap());

    let message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    let sign = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    assert_eq!(STANDARD.encode(sign(&server)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
    let client_key: Vec<u8> = proof.iter().zip(sign(&stored).as_ref()).map(|(a, b)| a ^ b).collect();
    assert_eq!(digest::digest(&digest::SHA256, &client_key).as_ref(), stored);
}

#[test]
fn a_password_is_random_and_only_its_verifier_names_the_salt() {
    let (one, other) = (Password::new(&[1; 32]), Password::new(&[2; 32]));
    assert_ne!(*one.clear, *other.clear);
    assert_eq!(one.clear.len(), PREFIX.len() + 32);
    assert!(one.clear.starts_with("writ_pg_"));
    assert!(!one.verifier.contains(&one.clear[PREFIX.len()..]));
    assert_eq!(one.verifier, Password::new(&[1; 32]).verifier);
}
