//! Who may connect. The tables are answers of nats-server to these credentials.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use anabranch_auth::{
    Authenticator, Credentials, Decision, Error, Principal, RefuseReason, TlsMapping,
};
use anabranch_config::options::{self, Authorization, NkeyUser, SubjectPermission, User};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use nkeys::{KeyPair, KeyPairType};

const NONCE: &[u8] = b"dXNlIGEgbm9uY2U";
/// bcrypt of `secret`, without the version.
const HASH: &str = "$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
/// bcrypt of 72 times `x`.
const LONG_HASH: &str = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";

/// Presented fields by name: `user`, `pass`, `token`, `nkey`, `sig`.
type Presented<'a> = &'a [(&'a str, &'a str)];

/// What is presented, and the name shown for who is let in.
type Table<'a> = &'a [(Presented<'a>, Option<&'a str>)];

fn decide(authenticator: &Authenticator, presented: Presented<'_>) -> Decision {
    let field = |name| presented.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let credentials = Credentials {
        user: field("user"),
        password: field("pass"),
        token: field("token"),
        nkey: field("nkey"),
        signature: field("sig"),
        nonce: NONCE,
        tls: None,
    };
    authenticator.begin(&credentials)
}

/// The name shown for who was let in; `None` for refused, `""` for nobody in particular.
fn outcome(decision: Decision) -> Option<String> {
    match decision {
        Decision::Accept(identity) => {
            Some(identity.principal.name().unwrap_or_default().to_owned())
        }
        Decision::Refuse(_) => None,
        Decision::Verify(check) => outcome(check.run()),
    }
}

fn check(authorization: &Authorization, table: Table<'_>) {
    let authenticator = Authenticator::new(authorization, TlsMapping::Off).unwrap();
    for (presented, expected) in table {
        let outcome = outcome(decide(&authenticator, presented));
        assert_eq!(outcome.as_deref(), *expected, "{presented:?}");
    }
}

fn key(seed: u8) -> KeyPair {
    KeyPair::new_from_raw(KeyPairType::User, [seed; 32]).unwrap()
}

fn signature(key: &KeyPair) -> Vec<u8> {
    key.sign(NONCE).unwrap()
}

fn user(name: &str, password: &str) -> User {
    User { name: name.to_owned(), password: password.to_owned(), permissions: None }
}

fn users(users: Vec<User>) -> Authorization {
    Authorization { users, ..Authorization::default() }
}

fn with_nkey(key: &KeyPair, users: Vec<User>) -> Authorization {
    let nkeys = vec![NkeyUser { nkey: key.public_key(), permissions: None }];
    Authorization { nkeys, users, ..Authorization::default() }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn without_authorization_everybody_is_let_in_and_shown_as_claimed() {
    let table: Table<'_> = &[
        (&[], Some("")),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("pass", "p")], Some("")),
        (&[("token", "t")], Some("[REDACTED]")),
        (&[("nkey", "UX"), ("user", "z")], Some("UX")),
    ];
    check(&Authorization::default(), table);
}

#[test]
fn a_token_alone_decides() {
    let authorization = Authorization { token: text("t"), ..Authorization::default() };
    let table: Table<'_> = &[
        (&[], None),
        (&[("token", "t")], Some("[REDACTED]")),
        (&[("token", "x")], None),
        (&[("token", "")], None),
        (&[("token", "tt")], None),
        (&[("user", "a"), ("pass", "t")], None),
        (&[("user", "u"), ("pass", "p"), ("token", "t")], Some("u")),
        (&[("nkey", "UX"), ("token", "t")], Some("UX")),
    ];
    check(&authorization, table);
}

#[test]
fn a_single_user_needs_its_name_and_password() {
    let authorization =
        Authorization { user: text("a"), password: text("p"), ..Authorization::default() };
    let table: Table<'_> = &[
        (&[], None),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("user", "a"), ("pass", "x")], None),
        (&[("user", "b"), ("pass", "p")], None),
        (&[("user", "a")], None),
        (&[("pass", "p")], None),
        (&[("token", "p")], None),
        (&[("user", "a"), ("pass", "p"), ("token", "t")], Some("a")),
        (&[("user", "a"), ("pass", "p"), ("nkey", "UX")], Some("UX")),
    ];
    check(&authorization, table);
    let no_password = Authorization { user: text("a"), ..Authorization::default() };
    check(&no_password, &[(&[("user", "a")], Some("a")), (&[("user", "a"), ("pass", "p")], None)]);
}

#[test]
fn users_are_known_by_name_and_password() {
    let table: Table<'_> = &[
        (&[], None),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("user", "a"), ("pass", "x")], None),
        (&[("user", "b"), ("pass", "p")], None),
        (&[("user", "a")], None),
        (&[("pass", "p")], None),
        (&[("token", "p")], None),
        (&[("user", "c")], Some("c")),
        (&[("user", "c"), ("pass", "")], Some("c")),
        (&[("user", "c"), ("pass", "z")], None),
        (&[("user", "a"), ("pass", "p"), ("nkey", "UX")], Some("UX")),
    ];
    check(&users(vec![user("a", "p"), user("c", "")]), table);
}

#[test]
fn bcrypt_hashes_of_every_version_are_compared_with_passwords() {
    let mut odd_salt = format!("$2b{HASH}");
    odd_salt.replace_range(28..29, "v");
    let table = users(vec![
        user("a", &format!("$2a{HASH}")),
        user("b", &format!("$2b{HASH}")),
        user("x", &format!("$2x{HASH}")),
        user("y", &format!("$2y{HASH}")),
        user("long", LONG_HASH),
        user("odd salt", &odd_salt),
        user("longer", &format!("$2b{HASH}a")),
        user("shorter", &format!("$2b{}", &HASH[..HASH.len() - 1])),
        user("cheap", &format!("$2b{}", HASH.replace("$04", "$03"))),
        user("dear", &format!("$2b{}", HASH.replace("$04", "$32"))),
        user("empty", "$2a$04$"),
        user("plain", "$2c$04$"),
    ]);
    let hash = format!("$2b{HASH}");
    let answers: Table<'_> = &[
        (&[("user", "a"), ("pass", "secret")], Some("a")),
        (&[("user", "b"), ("pass", "secret")], Some("b")),
        (&[("user", "x"), ("pass", "secret")], Some("x")),
        (&[("user", "y"), ("pass", "secret")], Some("y")),
        (&[("user", "b"), ("pass", "Secret")], None),
        (&[("user", "b"), ("pass", &hash)], None),
        (&[("user", "b")], None),
        (&[("user", "long"), ("pass", &"x".repeat(72))], Some("long")),
        (&[("user", "long"), ("pass", &"x".repeat(80))], Some("long")),
        (&[("user", "long"), ("pass", &"x".repeat(71))], None),
        (&[("user", "odd salt"), ("pass", "secret")], Some("odd salt")),
        (&[("user", "longer"), ("pass", "secret")], Some("longer")),
        (&[("user", "shorter"), ("pass", "secret")], None),
        (&[("user", "cheap"), ("pass", "secret")], None),
        (&[("user", "dear"), ("pass", "secret")], None),
        (&[("user", "empty"), ("pass", "$2a$04$")], None),
        (&[("user", "empty")], None),
        (&[("user", "plain"), ("pass", "$2c$04$")], Some("plain")),
    ];
    check(&table, answers);
    let token = Authorization { token: Some(hash.clone()), ..Authorization::default() };
    let answers: Table<'_> =
        &[(&[("token", "secret")], Some("[REDACTED]")), (&[("token", &hash)], None), (&[], None)];
    check(&token, answers);
}

#[test]
fn malformed_hashes_match_nothing() {
    for hash in
        ["$2b$04$", "$2b$99$x", "$2b$04$ä".repeat(12).as_str(), "$2b$04$!bcdefghijklmnopqrstuu"]
    {
        check(&users(vec![user("a", hash)]), &[(&[("user", "a"), ("pass", hash)], None)]);
    }
}

#[test]
fn an_unknown_user_costs_as_much_as_a_known_one() {
    let hashed = users(vec![user("plain", "p"), user("hashed", &format!("$2b{HASH}"))]);
    let authenticator = Authenticator::new(&hashed, TlsMapping::Off).unwrap();
    let Decision::Verify(check) = decide(&authenticator, &[("user", "nobody"), ("pass", "secret")])
    else {
        panic!("no work for an unknown user");
    };
    assert!(matches!(check.run(), Decision::Refuse(RefuseReason::UnknownUser)));
    let single = Authorization {
        user: text("a"),
        password: Some(format!("$2b{HASH}")),
        ..Authorization::default()
    };
    let authenticator = Authenticator::new(&single, TlsMapping::Off).unwrap();
    let decision = decide(&authenticator, &[("user", "b"), ("pass", "secret")]);
    assert!(matches!(decision, Decision::Verify(_)));
    assert_eq!(outcome(decision), None);
}

#[test]
fn nkeys_sign_the_nonce() {
    // The two alphabets differ in this one's signature.
    let differs = |key: &KeyPair| URL_SAFE.encode(signature(key)).contains(['-', '_']);
    let (known, other) = ((1..).map(key).find(differs).unwrap(), key(0));
    let (name, other_name) = (known.public_key(), other.public_key());
    let bytes = signature(&known);
    let url = URL_SAFE_NO_PAD.encode(&bytes);
    let folded = format!("{}\r\n{}", &url[..40], &url[40..]);
    // 64 bytes leave four unused bits in the last digit.
    let last = url.chars().last().unwrap();
    let trailing =
        format!("{}{}", &url[..url.len() - 1], char::from(u8::try_from(last).unwrap() + 1));
    let wrong_nonce = URL_SAFE_NO_PAD.encode(known.sign(b"another").unwrap());
    let wrong_key = URL_SAFE_NO_PAD.encode(signature(&other));
    let table: Table<'_> = &[
        (&[("nkey", &name), ("sig", &url)], Some(&name)),
        (&[("nkey", &name), ("sig", &STANDARD.encode(&bytes))], Some(&name)),
        (&[("nkey", &name), ("sig", &folded)], Some(&name)),
        (&[("nkey", &name), ("sig", &trailing)], Some(&name)),
        (&[("nkey", &name), ("sig", &url), ("user", "a"), ("pass", "wrong")], Some(&name)),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("nkey", &name), ("sig", &URL_SAFE.encode(&bytes))], None),
        (&[("nkey", &name), ("sig", &STANDARD_NO_PAD.encode(&bytes))], None),
        (&[("nkey", &name), ("sig", &wrong_nonce)], None),
        (&[("nkey", &name), ("sig", &wrong_key)], None),
        (&[("nkey", &other_name), ("sig", &wrong_key)], None),
        (&[("nkey", &name)], None),
        (&[("nkey", &name), ("sig", "")], None),
        (&[("nkey", &name), ("sig", "!")], None),
        (&[("nkey", &name), ("sig", "AAAA")], None),
        (&[("nkey", ""), ("sig", "AAAA")], None),
        (&[("nkey", "UX"), ("sig", "AAAA")], None),
        (&[("nkey", &name), ("user", "a"), ("pass", "p")], None),
        (&[], None),
    ];
    check(&with_nkey(&known, vec![user("a", "p")]), table);
}

#[test]
fn garbage_for_signatures_and_nkeys_is_refused() {
    let known = key(1);
    let name = known.public_key();
    let authenticator =
        Authenticator::new(&with_nkey(&known, Vec::new()), TlsMapping::Off).unwrap();
    let good = URL_SAFE_NO_PAD.encode(signature(&known));
    let long = "A".repeat(5000);
    for length in 0..good.len() {
        let cut = &good[..length];
        assert_eq!(outcome(decide(&authenticator, &[("nkey", &name), ("sig", cut)])), None);
    }
    for garbage in ["\0", "ü", "====", " ", "-_+/", &long, &format!("{good}AAAA")] {
        assert_eq!(outcome(decide(&authenticator, &[("nkey", &name), ("sig", garbage)])), None);
        assert_eq!(outcome(decide(&authenticator, &[("nkey", garbage), ("sig", &good)])), None);
    }
    for length in 0..name.len() {
        let cut = with_cut_nkey(&name[..length]);
        let error = Authenticator::new(&cut, TlsMapping::Off).err();
        assert_eq!(error, Some(Error::Nkey(name[..length].to_owned())));
    }
    let account = KeyPair::new_from_raw(KeyPairType::Account, [1; 32]).unwrap().public_key();
    assert!(Authenticator::new(&with_cut_nkey(&account), TlsMapping::Off).is_err());
}

fn with_cut_nkey(nkey: &str) -> Authorization {
    let nkeys = vec![NkeyUser { nkey: nkey.to_owned(), permissions: None }];
    Authorization { nkeys, ..Authorization::default() }
}

#[test]
fn no_auth_user_is_for_clients_that_present_nothing() {
    let (known, other) = (key(1), key(2).public_key());
    let name = known.public_key();
    let sig = URL_SAFE_NO_PAD.encode(signature(&known));
    let mut authorization = with_nkey(&known, vec![user("a", "p"), user("b", "q")]);
    authorization.no_auth_user = text("a");
    let table: Table<'_> = &[
        (&[], Some("a")),
        (&[("user", ""), ("pass", "")], Some("a")),
        (&[("sig", "x")], Some("a")),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("user", "b"), ("pass", "q")], Some("b")),
        (&[("nkey", &name), ("sig", &sig)], Some(&name)),
        (&[("user", "a")], None),
        (&[("pass", "x")], None),
        (&[("token", "t")], None),
        (&[("nkey", &name)], None),
        (&[("nkey", &other)], None),
    ];
    check(&authorization, table);
}

#[test]
fn a_no_auth_user_with_an_nkey_need_not_sign() {
    let (known, other) = (key(1), key(2).public_key());
    let name = known.public_key();
    let mut authorization = with_nkey(&known, vec![user("a", "p")]);
    authorization.no_auth_user = Some(name.clone());
    let table: Table<'_> = &[
        (&[], Some(&name)),
        (&[("nkey", &name)], Some(&name)),
        (&[("nkey", &name), ("sig", "!!")], Some(&name)),
        (&[("sig", "x")], Some(&name)),
        (&[("user", "a"), ("pass", "p")], Some("a")),
        (&[("user", "a"), ("pass", "x")], None),
        (&[("nkey", &other)], None),
        (&[("token", "t")], None),
    ];
    check(&authorization, table);
}

#[test]
fn a_no_auth_user_with_a_hashed_password_lets_nobody_in() {
    let mut authorization = users(vec![user("a", &format!("$2b{HASH}"))]);
    authorization.no_auth_user = text("a");
    let table: Table<'_> = &[(&[], None), (&[("user", "a"), ("pass", "secret")], Some("a"))];
    check(&authorization, table);
}

#[test]
fn a_no_auth_user_must_be_in_the_table() {
    let mut authorization = users(vec![user("a", "p")]);
    authorization.no_auth_user = text("z");
    let error = Authenticator::new(&authorization, TlsMapping::Off).err();
    assert_eq!(error, Some(Error::NoAuthUser("z".to_owned())));
}

#[test]
fn duplicate_users_are_refused() {
    let twice = users(vec![user("a", "p"), user("a", "q")]);
    let error = Authenticator::new(&twice, TlsMapping::Off).err();
    assert_eq!(error, Some(Error::DuplicateUser("a".to_owned())));
}

#[test]
fn info_asks_for_credentials_and_offers_a_nonce_where_they_matter() {
    let known = key(1);
    let nobody_asked = Authorization { no_auth_user: text("a"), ..users(vec![user("a", "p")]) };
    let nkey_unasked =
        Authorization { no_auth_user: Some(known.public_key()), ..with_nkey(&known, Vec::new()) };
    // (authorization, required, enforced, nonce, let in without CONNECT)
    let table = [
        (Authorization::default(), false, false, false, false),
        (Authorization { token: text("t"), ..Authorization::default() }, true, true, false, false),
        (Authorization { user: text("a"), ..Authorization::default() }, true, true, false, false),
        (users(vec![user("a", "p")]), true, true, false, false),
        (with_nkey(&known, Vec::new()), true, true, true, false),
        (nobody_asked, false, true, false, true),
        (nkey_unasked, false, true, true, false),
    ];
    for (authorization, required, enforced, nonce, without_connect) in table {
        let authenticator = Authenticator::new(&authorization, TlsMapping::Off).unwrap();
        assert_eq!(authenticator.required(), required, "{authorization:?}");
        assert_eq!(authenticator.enforced(), enforced, "{authorization:?}");
        assert_eq!(authenticator.needs_nonce(), nonce, "{authorization:?}");
        let decision = authenticator.begin_without_connect(None);
        assert_eq!(matches!(decision, Decision::Accept(_)), without_connect, "{authorization:?}");
    }
}

#[test]
fn default_permissions_are_for_users_without_their_own() {
    let only = |subject: &str| options::Permissions {
        publish: Some(SubjectPermission { allow: Some(vec![subject.to_owned()]), deny: None }),
        ..options::Permissions::default()
    };
    let mut authorization =
        users(vec![user("a", "p"), User { permissions: Some(only("own")), ..user("b", "p") }]);
    authorization.default_permissions = Some(only("default"));
    let authenticator = Authenticator::new(&authorization, TlsMapping::Off).unwrap();
    for (name, subject) in [("a", "default"), ("b", "own")] {
        let Decision::Accept(identity) = decide(&authenticator, &[("user", name), ("pass", "p")])
        else {
            panic!("{name} refused");
        };
        let permissions = identity.permissions.unwrap();
        assert_eq!(permissions.publish_rules().allow, [subject], "{name}");
    }
    let plain = Authenticator::new(&users(vec![user("a", "p")]), TlsMapping::Off).unwrap();
    let Decision::Accept(identity) = decide(&plain, &[("user", "a"), ("pass", "p")]) else {
        panic!("refused");
    };
    assert!(identity.permissions.is_none());
}

#[test]
fn principals_are_written_as_in_the_log() {
    let table = [
        (Principal::Anonymous, "User \"N/A\"", "", None),
        (Principal::User("al".into()), "User \"al\"", "user:al", Some("al")),
        (Principal::Nkey("UX".into()), "Nkey \"UX\"", "nkey:UX", Some("UX")),
        (Principal::Token, "Token \"[REDACTED]\"", "token", Some("[REDACTED]")),
    ];
    for (principal, shown, label, name) in table {
        assert_eq!(principal.to_string(), shown);
        assert_eq!(principal.label(), label);
        assert_eq!(principal.name(), name);
    }
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let authorization = Authorization {
        user: text("a"),
        password: Some(format!("$2b{HASH}")),
        ..Authorization::default()
    };
    let authenticator = Authenticator::new(&authorization, TlsMapping::Off).unwrap();
    let presented = Credentials {
        user: Some("a"),
        password: Some("hunter2"),
        token: Some("hunter3"),
        ..Credentials::default()
    };
    let shown = format!("{presented:?} {:?}", authenticator.begin(&presented));
    assert!(!shown.contains("hunter") && !shown.contains("$2b"), "{shown}");
}
