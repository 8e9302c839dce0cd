//! Which ways from a client's certificate to an authority are accepted.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType,
};
use rustls::CertificateError::{self, BadEncoding, Expired, NotValidYet, UnknownIssuer};
use rustls::crypto::ring;
use rustls::server::danger::ClientCertVerifier as _;
use rustls::{Error, OtherError};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::fixture::*;
use crate::tls::client_auth::{ClientVerifier, Hints, Roots};

type Der = CertificateDer<'static>;
type Verdict = Result<(), CertificateError>;

/// 2026-01-01.
const NOW: u64 = 1_767_225_600;

fn verify_at(now: u64, roots: &[&Der], leaf: &Der, above: &[Der]) -> Verdict {
    let (roots, _) = Roots::of(roots.iter().map(AsRef::as_ref));
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let verifier = ClientVerifier::new(roots, Hints::Told, algorithms);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    match verifier.verify_client_cert(leaf, above, now) {
        Ok(_) => Ok(()),
        Err(Error::InvalidCertificate(why)) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

fn verify(roots: &[&Der], leaf: &Der, above: &[Der]) -> Verdict {
    verify_at(NOW, roots, leaf, above)
}

/// The words of a refusal that has no error of its own.
fn refusal(verdict: Verdict) -> String {
    match verdict {
        Err(CertificateError::Other(OtherError(why))) => Arc::clone(&why).to_string(),
        other => panic!("{other:?}"),
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(params: CertificateParams) -> Authority {
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn below(above: &Authority, params: CertificateParams) -> Authority {
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), above).unwrap()
}

fn leaf(issuer: &Authority) -> Der {
    client_leaf(|_| {}, issuer).der
}

fn changed(mut params: CertificateParams, by: impl FnOnce(&mut CertificateParams)) -> Authority {
    by(&mut params);
    root(params)
}

#[test]
fn follows_intermediates_in_any_order() {
    let top = root(authority_params("top"));
    let one = below(&top, authority_params("one"));
    let two = below(&one, authority_params("two"));
    let client = leaf(&two);
    let (one, two) = (one.der().clone(), two.der().clone());
    let top = top.der();
    assert_eq!(verify(&[top], &client, &[two.clone(), one.clone()]), Ok(()));
    assert_eq!(verify(&[top], &client, &[one.clone(), two.clone(), top.clone()]), Ok(()));
    // An intermediate that is trusted itself is the end of the way.
    assert_eq!(verify(&[&one], &client, std::slice::from_ref(&two)), Ok(()));
    assert_eq!(verify(&[top], &client, std::slice::from_ref(&two)), Err(UnknownIssuer));
    assert_eq!(verify(&[top], &client, &[one]), Err(UnknownIssuer));
    assert_eq!(verify(&[], &client, &[two]), Err(UnknownIssuer));
}

#[test]
fn the_same_name_is_not_the_same_authority() {
    let [mine, other] = [0, 1].map(|_| root(authority_params("top")));
    let client = leaf(&mine);
    assert_eq!(verify(&[other.der()], &client, &[]), Err(UnknownIssuer));
    assert_eq!(verify(&[other.der(), mine.der()], &client, &[]), Ok(()));
    // It is sent, and not trusted.
    assert_eq!(verify(&[other.der()], &client, &[mine.der().clone()]), Err(UnknownIssuer));
}

#[test]
fn version_one_is_for_clients_and_roots_only() {
    let top = root(authority_params("top"));
    let one = below(&top, authority_params("one"));
    let old_top = version_one(top.der(), top.key());
    let old_one = version_one(one.der(), top.key());
    let client = client_leaf(|_| {}, &one);
    let old_client = version_one(&client.der, one.key());
    let above = [one.der().clone()];
    for client in [&client.der, &old_client] {
        assert_eq!(verify(&[top.der()], client, &above), Ok(()));
        assert_eq!(verify(&[&old_top], client, &above), Ok(()));
        assert_eq!(verify(&[&old_one], client, &[]), Ok(()));
        let refused = refusal(verify(&[top.der()], client, std::slice::from_ref(&old_one)));
        assert_eq!(refused, "certificate is not authorized to sign other certificates");
    }
    let itself = version_one(&client.der, &client.key);
    assert_eq!(verify(&[&itself], &itself, &[]), Ok(()));
    assert_eq!(verify(&[top.der()], &itself, &above), Err(UnknownIssuer));
}

#[test]
fn only_authorities_sign() {
    let top = root(authority_params("top"));
    let plain = below(&top, params("plain"));
    let no_signing = below(&top, {
        let mut params = authority_params("no signing");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params
    });
    for middle in [&plain, &no_signing] {
        let above = [middle.der().clone()];
        assert_eq!(verify(&[top.der()], &leaf(middle), &above), Err(UnknownIssuer));
        // Nor where they are trusted themselves.
        assert_eq!(verify(&[middle.der()], &leaf(middle), &[]), Err(UnknownIssuer));
        // As a client's own they will do.
        assert_eq!(verify(&[top.der()], middle.der(), &[]), Ok(()));
    }
    let authority = below(&top, authority_params("an authority as a client"));
    assert_eq!(verify(&[top.der()], authority.der(), &[]), Ok(()));
}

#[test]
fn keeps_to_the_length_of_the_path() {
    let limited = |len| {
        let mut params = authority_params("limited");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(len));
        params
    };
    let top = root(limited(1));
    let one = below(&top, authority_params("one"));
    let two = below(&one, authority_params("two"));
    let above = [one.der().clone(), two.der().clone()];
    assert_eq!(verify(&[top.der()], &leaf(&one), &above), Ok(()));
    let refused = refusal(verify(&[top.der()], &leaf(&two), &above));
    assert_eq!(refused, "too many intermediates for path length constraint");
    let none = below(&top, limited(0));
    assert_eq!(verify(&[top.der()], &leaf(&none), &[none.der().clone()]), Ok(()));
}

#[test]
fn every_certificate_on_the_way_must_be_in_its_time() {
    let past = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let future = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(4000, 1, 1);
    };
    let top = root(authority_params("top"));
    assert_eq!(verify(&[top.der()], &client_leaf(past, &top).der, &[]), Err(Expired));
    assert_eq!(verify(&[top.der()], &client_leaf(future, &top).der, &[]), Err(NotValidYet));
    let old = changed(authority_params("old"), past);
    assert_eq!(verify(&[old.der()], &leaf(&old), &[]), Err(Expired));
    let mut expired = authority_params("expired");
    past(&mut expired);
    let expired = below(&top, expired);
    let above = [expired.der().clone()];
    assert_eq!(verify(&[top.der()], &leaf(&expired), &above), Err(Expired));
    let client = client_leaf(
        |params| {
            params.not_before = rcgen::date_time_ymd(2026, 1, 1);
            params.not_after = rcgen::date_time_ymd(2026, 1, 1);
        },
        &top,
    );
    assert_eq!(verify_at(NOW - 1, &[top.der()], &client.der, &[]), Err(NotValidYet));
    assert_eq!(verify_at(NOW, &[top.der()], &client.der, &[]), Ok(()));
    assert_eq!(verify_at(NOW + 1, &[top.der()], &client.der, &[]), Err(Expired));
}

#[test]
fn every_certificate_on_the_way_must_be_for_clients() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    let used = |purposes: &[ExtendedKeyUsagePurpose]| {
        let mut params = authority_params("authority");
        params.extended_key_usages = purposes.to_vec();
        params
    };
    for (purposes, accepted) in [
        (&[][..], true),
        (&[ClientAuth], true),
        (&[ServerAuth, ClientAuth], true),
        (&[Any], true),
        (&[ServerAuth, Any], true),
        (&[ServerAuth], false),
        (&[ExtendedKeyUsagePurpose::Other(vec![1, 2, 3])], false),
    ] {
        let top = root(used(&[]));
        let middle = below(&top, used(purposes));
        let client = client_leaf(|p| p.extended_key_usages = purposes.to_vec(), &top);
        let root = root(used(purposes));
        for verdict in [
            verify(&[top.der()], &client.der, &[]),
            verify(&[top.der()], &leaf(&middle), &[middle.der().clone()]),
            verify(&[root.der()], &leaf(&root), &[]),
            verify(&[root.der()], root.der(), &[]),
        ] {
            match accepted {
                true => assert_eq!(verdict, Ok(()), "{purposes:?}"),
                false => assert!(refusal(verdict).contains("incompatible key usage")),
            }
        }
    }
}

#[test]
fn authorities_sign_only_the_names_they_may() {
    let mut limited = authority_params("limited");
    limited.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("a.example".to_owned())],
        excluded_subtrees: vec![GeneralSubtree::Rfc822Name("b.example".to_owned())],
    });
    let top = root(limited);
    let middle = below(&top, authority_params("middle"));
    let above = [middle.der().clone()];
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let mail = |name: &str| SanType::Rfc822Name(name.try_into().unwrap());
    for (names, permitted) in [
        (vec![], true),
        (vec![dns("x.a.example"), mail("x@a.example")], true),
        (vec![dns("x.a.example"), dns("x.c.example")], false),
        (vec![mail("x@b.example")], false),
    ] {
        let client = client_leaf(|p| p.subject_alt_names.clone_from(&names), &middle);
        let verdict = verify(&[top.der()], &client.der, &above);
        match permitted {
            true => assert_eq!(verdict, Ok(()), "{names:?}"),
            false => assert!(refusal(verdict).contains("not authorized to sign for this name")),
        }
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let extension = |critical: bool| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(critical);
        extension
    };
    let top = root(authority_params("top"));
    for critical in [false, true] {
        let client = client_leaf(|p| p.custom_extensions.push(extension(critical)), &top).der;
        let mut odd = authority_params("odd");
        odd.custom_extensions.push(extension(critical));
        let odd = root(odd);
        for (root, client) in [(&top, client), (&odd, leaf(&odd))] {
            let verdict = verify(&[root.der()], &client, &[]);
            let expected =
                if critical { Err(CertificateError::UnhandledCriticalExtension) } else { Ok(()) };
            assert_eq!(verdict, expected);
        }
    }
    // Policies that must be followed: requireExplicitPolicy 0.
    let policy = CustomExtension::from_oid_content(&[2, 5, 29, 36], vec![0x30, 3, 0x80, 1, 0]);
    let client = client_leaf(|p| p.custom_extensions.push(policy), &top).der;
    let unhandled = Err(CertificateError::UnhandledCriticalExtension);
    assert_eq!(verify(&[top.der()], &client, &[]), unhandled);
}

#[test]
fn work_for_a_hostile_chain_is_bounded() {
    let top = root(authority_params("top"));
    // Each may have signed each: the number of ways grows with the factorial.
    let crowd: Vec<Authority> = (0..40).map(|_| root(authority_params("crowd"))).collect();
    let signed: Vec<Der> = (1..crowd.len())
        .map(|i| {
            let params = authority_params("crowd");
            let issuer = &crowd[i - 1];
            params.signed_by(crowd[i].key(), issuer).unwrap().der().clone()
        })
        .chain(crowd.iter().map(|one| one.der().clone()))
        .collect();
    let client = leaf(&crowd[39]);
    let refused = refusal(verify(&[top.der()], &client, &signed));
    assert!(refused.contains("attempts limit reached"), "{refused}");
    // Many names under many constraints.
    let name = |i: usize| format!("n{i}.example");
    let mut limited = authority_params("limited");
    limited.name_constraints = Some(NameConstraints {
        permitted_subtrees: Vec::new(),
        excluded_subtrees: (0..1000).map(|i| GeneralSubtree::DnsName(name(i))).collect(),
    });
    let top = root(limited);
    let names = (1000..1300).map(|i| SanType::DnsName(name(i).try_into().unwrap()));
    let client = client_leaf(|p| p.subject_alt_names.extend(names), &top);
    let refused = refusal(verify(&[top.der()], &client.der, &[]));
    assert!(refused.contains("attempts limit reached"), "{refused}");
}

#[test]
fn no_changed_and_no_cut_certificate_is_accepted() {
    let top = root(authority_params("top"));
    let middle = below(&top, authority_params("middle"));
    let client = client_leaf(
        |p| p.subject_alt_names.push(SanType::URI("a://b".try_into().unwrap())),
        &middle,
    );
    let old = version_one(&client.der, middle.key());
    let above = [middle.der().clone()];
    for good in [&client.der, &old] {
        assert_eq!(verify(&[top.der()], good, &above), Ok(()));
        for index in 0..good.len() {
            let cut = Der::from(good[..index].to_vec());
            assert_eq!(verify(&[top.der()], &cut, &above), Err(BadEncoding));
            for bit in 0..8 {
                let mut bytes = good.to_vec();
                bytes[index] ^= 1 << bit;
                assert!(verify(&[top.der()], &Der::from(bytes), &above).is_err(), "{index}");
            }
        }
    }
    let longer = Der::from([client.der.as_ref(), &[0]].concat());
    assert_eq!(verify(&[top.der()], &longer, &above), Err(BadEncoding));
    for index in 0..middle.der().len() {
        let mut bytes = middle.der().to_vec();
        bytes[index] ^= 1;
        assert!(verify(&[top.der()], &client.der, &[Der::from(bytes)]).is_err(), "{index}");
    }
}
