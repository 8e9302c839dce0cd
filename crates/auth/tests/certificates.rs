//! Users named by certificates: what nats-server took them for, as recorded in
//! `certificates.txt`, and malformed certificates.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use anabranch_auth::{Authenticator, Credentials, Decision, RefuseReason, TlsIdentity, TlsMapping};
use anabranch_config::options::{Authorization, User};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const RECORDED: &str = include_str!("certificates.txt");

struct Case {
    name: &'static str,
    der: Vec<u8>,
    user: Option<&'static str>,
}

fn cases() -> Vec<Case> {
    let mut lines = RECORDED.lines();
    let mut cases = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("certificate ") {
            let (name, der) = rest.split_once(' ').unwrap();
            let user = lines.next().unwrap().strip_prefix("is ");
            cases.push(Case { name, der: STANDARD.decode(der).unwrap(), user });
        }
    }
    cases
}

fn certificate(name: &str) -> TlsIdentity {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    TlsIdentity::from_der(&case.der).unwrap()
}

fn user(name: &str, password: &str) -> User {
    User { name: name.to_owned(), password: password.to_owned(), permissions: None }
}

fn mapped(users: Vec<User>) -> Authenticator {
    let authorization = Authorization { users, ..Authorization::default() };
    Authenticator::new(&authorization, TlsMapping::VerifyAndMap).unwrap()
}

fn name_of(decision: Decision) -> Result<String, RefuseReason> {
    match decision {
        Decision::Accept(identity) => Ok(identity.principal.name().unwrap().to_owned()),
        Decision::Refuse(reason) => Err(reason),
        Decision::Verify(check) => name_of(check.run()),
    }
}

#[test]
fn certificates_lead_to_the_recorded_users() {
    let users = RECORDED.lines().filter_map(|line| line.strip_prefix("user "));
    let authenticator = mapped(users.map(|name| user(name, "")).collect());
    for case in cases() {
        let identity = TlsIdentity::from_der(&case.der).unwrap();
        let credentials = Credentials { tls: Some(&identity), ..Credentials::default() };
        let expected = case.user.map(str::to_owned).ok_or(RefuseReason::CertificateUnknown);
        assert_eq!(name_of(authenticator.begin(&credentials)), expected, "{}", case.name);
    }
}

#[test]
fn a_subject_in_the_right_order_goes_before_a_reordered_one() {
    let identity = certificate("ordered");
    let right = "CN=bob,OU=Ops,O=Acme,C=US";
    let authenticator = mapped(vec![user("C=US,O=Acme,CN=bob,OU=Ops", ""), user(right, "")]);
    let credentials = Credentials { tls: Some(&identity), ..Credentials::default() };
    assert_eq!(name_of(authenticator.begin(&credentials)), Ok(right.to_owned()));
}

#[test]
fn a_mapped_user_with_a_password_needs_both() {
    let identity = certificate("cn");
    let authenticator = mapped(vec![user("CN=cn", "p")]);
    let with = |password, tls| {
        name_of(authenticator.begin(&Credentials { password, tls, ..Credentials::default() }))
    };
    assert_eq!(with(Some("p"), Some(&identity)), Ok("CN=cn".to_owned()));
    assert_eq!(with(Some("x"), Some(&identity)), Err(RefuseReason::WrongPassword));
    assert_eq!(with(None, Some(&identity)), Err(RefuseReason::WrongPassword));
    assert_eq!(with(Some("p"), None), Err(RefuseReason::CertificateMissing));
}

#[test]
fn the_certificate_goes_before_the_user_that_a_client_names() {
    let identity = certificate("cn");
    let authenticator = mapped(vec![user("CN=cn", ""), user("other", "")]);
    let credentials =
        Credentials { user: Some("other"), tls: Some(&identity), ..Credentials::default() };
    assert_eq!(name_of(authenticator.begin(&credentials)), Ok("CN=cn".to_owned()));
}

#[test]
fn an_empty_subject_names_nobody() {
    let identity = certificate("empty-subject");
    let authenticator = mapped(vec![user("CN=", ""), user(",", ""), user(" ", "")]);
    let credentials = Credentials { tls: Some(&identity), ..Credentials::default() };
    assert_eq!(name_of(authenticator.begin(&credentials)), Err(RefuseReason::CertificateUnknown));
}

#[test]
fn truncated_and_altered_certificates_never_panic() {
    for case in cases() {
        for length in 0..case.der.len() {
            assert!(TlsIdentity::from_der(&case.der[..length]).is_err(), "{}", case.name);
        }
        let mut altered = case.der.clone();
        for index in 0..altered.len() {
            for bits in [0x01, 0x80, 0xff] {
                altered[index] ^= bits;
                let _ = TlsIdentity::from_der(&altered);
                altered[index] ^= bits;
            }
        }
    }
}
