use super::*;

#[test]
fn a_form_is_percent_encoded_and_keeps_its_order() {
    let form =
        Form::new("PutRolePolicy", "2010-05-08").field("RoleName", "a+b=c,@x.y-z_~").field("Policy", "{\"ä\": [1]}");
    assert_eq!(
        form.encode(),
        "Action=PutRolePolicy&Version=2010-05-08&RoleName=a%2Bb%3Dc%2C%40x.y-z_~&Policy=%7B%22%C3%A4%22%3A%20%5B1%5D%7D"
    );
}

#[test]
fn percent_encoding_is_undone_or_refused() {
    assert_eq!(plain(&percent("{\"ä\": \"%+ \"}")).as_deref(), Some("{\"ä\": \"%+ \"}"));
    for wrong in ["%", "%4", "%zz", "%+4", "%ff", "a%E4"] {
        assert_eq!(plain(wrong), None, "{wrong}");
    }
}
