//! The names that an authority may sign (RFC 5280 §4.2.1.10): DNS names, mail addresses, hosts
//! of URIs, and addresses of machines. Names that cannot be understood are not permitted.

use std::net::IpAddr;

use x509_parser::extensions::{GeneralSubtree, NameConstraints};
use x509_parser::prelude::GeneralName;

use super::certificate::Malformed;

/// The names of a certificate that constraints apply to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlternativeNames {
    /// The extension as it stands in the certificate.
    pub(super) raw: Vec<u8>,
    names: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Dns(String),
    Mail(String),
    Uri(String),
    Address(Vec<u8>),
}

impl AlternativeNames {
    /// `raw`: the extension that holds `names`.
    pub(super) fn read(raw: &[u8], names: &[GeneralName<'_>]) -> Result<Self, Malformed> {
        let mut known = Vec::new();
        for name in names {
            match *name {
                GeneralName::DNSName(name) => known.push(Name::Dns(ascii(name)?)),
                GeneralName::RFC822Name(mail) => known.push(Name::Mail(ascii(mail)?)),
                GeneralName::URI(uri) => known.push(Name::Uri(ascii(uri)?)),
                GeneralName::IPAddress(bytes) if matches!(bytes.len(), 4 | 16) => {
                    known.push(Name::Address(bytes.to_vec()));
                }
                GeneralName::IPAddress(_) | GeneralName::Invalid(..) => return Err(Malformed),
                _ => {}
            }
        }
        Ok(Self { raw: raw.to_vec(), names: known })
    }

    /// None is of a kind that is known.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many are of a kind that is known.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// The names that an authority may sign.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

#[derive(Debug, Clone, Default)]
struct Subtrees {
    dns: Vec<String>,
    mail: Vec<String>,
    uri: Vec<String>,
    /// Address and mask, of 4 or 16 bytes each.
    networks: Vec<(Vec<u8>, Vec<u8>)>,
    /// Subtrees of other kinds of name.
    others: usize,
}

impl Constraints {
    pub(super) fn read(constraints: &NameConstraints<'_>) -> Result<Self, Malformed> {
        let subtrees = |list: &Option<Vec<GeneralSubtree<'_>>>| {
            Subtrees::read(list.as_deref().unwrap_or_default())
        };
        Ok(Self {
            permitted: subtrees(&constraints.permitted_subtrees)?,
            excluded: subtrees(&constraints.excluded_subtrees)?,
        })
    }

    /// Some are of a kind of name that is not known.
    pub(super) fn has_others(&self) -> bool {
        self.permitted.others + self.excluded.others > 0
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.permitted.len() + self.excluded.len()
    }

    /// Whether all of `names` may be signed.
    pub(super) fn permit(&self, names: &AlternativeNames) -> bool {
        names.names.iter().all(|name| self.permits(name))
    }

    fn permits(&self, name: &Name) -> bool {
        let (permitted, excluded) = (&self.permitted, &self.excluded);
        match name {
            Name::Dns(name) => {
                is_domain(name)
                    && allowed(&permitted.dns, |tree| domain_in(name, tree))
                    && !excluded.dns.iter().any(|tree| might_be_in(name, tree))
            }
            Name::Mail(mail) => mailbox(mail).is_some_and(|(_, domain)| {
                is_domain(domain)
                    && allowed(&permitted.mail, |tree| mail_in(mail, tree))
                    && !excluded.mail.iter().any(|tree| mail_in(mail, tree))
            }),
            Name::Uri(uri) => host_of(uri).is_some_and(|host| {
                is_domain(host)
                    && allowed(&permitted.uri, |tree| domain_in(host, tree))
                    && !excluded.uri.iter().any(|tree| domain_in(host, tree))
            }),
            Name::Address(address) => {
                allowed(&permitted.networks, |network| address_in(address, network))
                    && !excluded.networks.iter().any(|network| address_in(address, network))
            }
        }
    }
}

/// Where nothing is permitted by name, everything is.
fn allowed<T>(permitted: &[T], matches: impl Fn(&T) -> bool) -> bool {
    permitted.is_empty() || permitted.iter().any(matches)
}

impl Subtrees {
    fn read(list: &[GeneralSubtree<'_>]) -> Result<Self, Malformed> {
        let mut subtrees = Self::default();
        for subtree in list {
            match subtree.base {
                GeneralName::DNSName(name) => subtrees.dns.push(tree(name)?),
                GeneralName::URI(host) => subtrees.uri.push(tree(host)?),
                GeneralName::RFC822Name(mail) if mail.contains('@') => {
                    let (local, domain) = mailbox(mail).ok_or(Malformed)?;
                    subtrees.mail.push(format!("{local}@{}", tree(domain)?));
                }
                GeneralName::RFC822Name(domain) => subtrees.mail.push(tree(domain)?),
                GeneralName::IPAddress(bytes) => subtrees.networks.push(network(bytes)?),
                GeneralName::Invalid(..) => return Err(Malformed),
                _ => subtrees.others += 1,
            }
        }
        Ok(subtrees)
    }

    fn len(&self) -> usize {
        self.dns.len() + self.mail.len() + self.uri.len() + self.networks.len()
    }
}

fn ascii(text: &str) -> Result<String, Malformed> {
    if text.is_ascii() { Ok(text.to_owned()) } else { Err(Malformed) }
}

/// A domain that stands for all below it; one that begins with a dot does not stand for itself.
fn tree(text: &str) -> Result<String, Malformed> {
    let domain = text.strip_prefix('.').unwrap_or(text);
    if text.is_empty() || is_domain(domain) { Ok(text.to_owned()) } else { Err(Malformed) }
}

fn network(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Malformed> {
    if !matches!(bytes.len(), 8 | 32) {
        return Err(Malformed);
    }
    let (address, mask) = bytes.split_at(bytes.len() / 2);
    // Ones and then zeros.
    let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let leading = mask.iter().take_while(|byte| **byte == 0xff).count();
    let next = mask.get(leading).map_or(0, |byte| byte.leading_ones());
    let whole = 8 * u32::try_from(leading).unwrap_or(u32::MAX);
    if ones == whole + next { Ok((address.to_vec(), mask.to_vec())) } else { Err(Malformed) }
}

/// Labels between dots, none of them empty, and in none anything that may be read in two ways.
fn is_domain(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_*".contains(&b);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    name.len() <= 255 && name.split('.').all(is_label)
}

/// Whether `name` lies in the subtree `tree`.
fn domain_in(name: &str, tree: &str) -> bool {
    if tree.is_empty() {
        return true;
    }
    let Some(rest) = name.len().checked_sub(tree.len()) else { return false };
    let same_end = name.as_bytes()[rest..].eq_ignore_ascii_case(tree.as_bytes());
    let whole_labels =
        rest == 0 || tree.starts_with('.') || name.as_bytes().get(rest - 1) == Some(&b'.');
    same_end && whole_labels
}

/// As [`domain_in`], where a wildcard may stand for the name that is excluded.
fn might_be_in(name: &str, tree: &str) -> bool {
    let parent = |name: &str| name.find('.').map(|dot| name[dot..].to_ascii_lowercase());
    domain_in(name, tree)
        || (name.starts_with("*.") && parent(name).is_some() && parent(name) == parent(tree))
}

/// The parts of a mail address. Quoted ones are not understood.
fn mailbox(mail: &str) -> Option<(&str, &str)> {
    let (local, domain) = mail.rsplit_once('@')?;
    let plain = |b: u8| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b);
    (!local.is_empty() && local.bytes().all(plain)).then_some((local, domain))
}

/// Whether a mail address is the one that `tree` is, or lies in the domain that it is.
fn mail_in(mail: &str, tree: &str) -> bool {
    match (mailbox(mail), mailbox(tree)) {
        (Some((local, domain)), Some((wanted, exactly))) => {
            local == wanted && domain.eq_ignore_ascii_case(exactly)
        }
        (Some((_, domain)), None) => domain_in(domain, tree),
        (None, _) => false,
    }
}

/// The host of a URI, where it has one that is a name.
fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    (!host.starts_with('[') && host.parse::<IpAddr>().is_err()).then_some(host)
}

fn address_in(address: &[u8], (network, mask): &(Vec<u8>, Vec<u8>)) -> bool {
    let masked = |bytes: &[u8]| bytes.iter().zip(mask).map(|(b, m)| b & m).collect::<Vec<_>>();
    address.len() == network.len() && masked(address) == masked(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[GeneralName<'_>]) -> AlternativeNames {
        AlternativeNames::read(&[], names).unwrap()
    }

    fn constraints(permitted: &[GeneralName<'_>], excluded: &[GeneralName<'_>]) -> Constraints {
        let list = |bases: &[GeneralName<'_>]| {
            let trees: Vec<_> =
                bases.iter().map(|base| GeneralSubtree { base: base.clone() }).collect();
            Subtrees::read(&trees).unwrap()
        };
        Constraints { permitted: list(permitted), excluded: list(excluded) }
    }

    #[test]
    fn a_domain_stands_for_itself_and_all_below_it() {
        use GeneralName::DNSName as Dns;
        let only = constraints(&[Dns("example.com")], &[Dns("bad.example.com")]);
        for (name, permitted) in [
            ("example.com", true),
            ("a.Example.COM", true),
            ("aexample.com", false),
            ("example.org", false),
            ("bad.example.com", false),
            ("a.bad.example.com", false),
            ("*.example.com", false),
            ("*.a.example.com", true),
            ("a..example.com", false),
            ("", false),
        ] {
            assert_eq!(only.permit(&names(&[Dns(name)])), permitted, "{name}");
        }
        let below = constraints(&[Dns(".example.com")], &[]);
        assert!(!below.permit(&names(&[Dns("example.com")])));
        assert!(below.permit(&names(&[Dns("a.example.com")])));
        // Nothing is said of other kinds.
        assert!(below.permit(&names(&[GeneralName::RFC822Name("a@b.example")])));
        assert!(constraints(&[Dns("")], &[]).permit(&names(&[Dns("any.example")])));
    }

    #[test]
    fn a_mail_address_matches_itself_or_a_domain() {
        use GeneralName::RFC822Name as Mail;
        let only = constraints(&[Mail("one@a.example"), Mail("b.example")], &[Mail("x@b.example")]);
        for (mail, permitted) in [
            ("one@A.example", true),
            ("One@a.example", false),
            ("two@a.example", false),
            ("any@b.example", true),
            ("any@c.b.example", true),
            ("x@b.example", false),
            ("\"x\"@b.example", false),
            ("b.example", false),
        ] {
            assert_eq!(only.permit(&names(&[Mail(mail)])), permitted, "{mail}");
        }
    }

    #[test]
    fn a_uri_matches_by_its_host() {
        use GeneralName::URI as Uri;
        let only = constraints(&[Uri("a.example")], &[Uri(".no.a.example")]);
        for (uri, permitted) in [
            ("spiffe://a.example/x", true),
            ("https://u@b.a.example:80/?q", true),
            ("https://x.no.a.example", false),
            ("https://b.example/a.example", false),
            ("https://127.0.0.1/", false),
            ("https://[::1]/", false),
            ("urn:a.example", false),
            ("https:///x", false),
            ("https://%61.example/", false),
        ] {
            assert_eq!(only.permit(&names(&[Uri(uri)])), permitted, "{uri}");
        }
    }

    #[test]
    fn an_address_matches_by_its_network() {
        use GeneralName::IPAddress as Address;
        let only = constraints(
            &[Address(&[10, 1, 0, 0, 255, 255, 0, 0])],
            &[Address(&[10, 1, 2, 0, 255, 255, 255, 0])],
        );
        for (address, permitted) in [
            (&[10, 1, 1, 1][..], true),
            (&[10, 2, 1, 1], false),
            (&[10, 1, 2, 1], false),
            (&[0; 16], false),
        ] {
            assert_eq!(only.permit(&names(&[Address(address)])), permitted, "{address:?}");
        }
    }

    #[test]
    fn constraints_that_mean_nothing_are_malformed() {
        let read = |base| Subtrees::read(&[GeneralSubtree { base }]).is_err();
        assert!(read(GeneralName::IPAddress(&[10, 0, 0, 0])));
        assert!(read(GeneralName::IPAddress(&[10, 0, 0, 0, 255, 0, 255, 0])));
        assert!(read(GeneralName::DNSName("a..b")));
        assert!(read(GeneralName::RFC822Name("@a.example")));
        assert!(AlternativeNames::read(&[], &[GeneralName::IPAddress(&[1, 2, 3])]).is_err());
        assert!(AlternativeNames::read(&[], &[GeneralName::DNSName("ü.example")]).is_err());
    }
}
