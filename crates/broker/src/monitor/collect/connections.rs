//! Connections for `/connz`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use anabranch_auth::TlsIdentity;
use anabranch_subject::Interest;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::subscriptions::{self, Shown};
use crate::client::{Client, ClientId, Details, Subscription};
use crate::monitor::connz::{
    Connection, Connz, Figures, Life, Owner, PeerCertificate, Request, Said, Standing, State, Subs,
    Tls, arrange,
};
use crate::server::{ClosedClient, Server};

/// Connections looked at per turn under the registry's lock.
const SLICE: usize = 512;

/// A connection to show.
enum Row {
    Open(Arc<Client>),
    Closed(ClosedClient),
}

/// The document that `request` asks for, at `now`.
pub(in crate::monitor) fn connz(server: &Server, request: &Request, now: SystemTime) -> Connz {
    let account = request.account.as_str();
    if !account.is_empty() && account != server.account.name() {
        return Connz::of_nobody(now, request.page);
    }
    let (mut rows, total) = rows(server, request);
    arrange(&mut rows, request.sort, now);
    let shown = request.page.cut(rows);
    let connections = shown.map(|(standing, row)| show(server, request, &standing, &row, now));
    let id = server.identity.id.clone();
    Connz::new(id, now, request.page, total, connections.collect())
}

/// The connections asked for, and how many there would be without `cid` and `user`.
fn rows(server: &Server, request: &Request) -> (Vec<(Standing, Row)>, usize) {
    let (mut rows, mut total) = (Vec::new(), 0);
    if request.state != State::Closed {
        total += server.registry.len();
        open(server, request, &mut rows);
    }
    let found = request.cid.is_some() && !rows.is_empty();
    // nats-server remembers no account of closed clients of the global one, and so finds none.
    if request.state != State::Open && request.account.is_empty() {
        total += server.registry.closed_len();
        if !found {
            closed(server, request, &mut rows);
        }
    }
    (rows, total)
}

fn open(server: &Server, request: &Request, rows: &mut Vec<(Standing, Row)>) {
    if let Some(cid) = request.cid {
        let client = server.registry.find(ClientId(cid));
        rows.extend(client.map(|client| (standing(&client), Row::Open(client))));
        return;
    }
    let mut after = None;
    loop {
        let slice = server.registry.open_after(after, SLICE);
        let Some(last) = slice.last() else { return };
        after = Some(last.id);
        let wanted = slice.into_iter().filter(|client| wants(request, client));
        rows.extend(wanted.map(|client| (standing(&client), Row::Open(client))));
    }
}

fn closed(server: &Server, request: &Request, rows: &mut Vec<(Standing, Row)>) {
    let mut from = 0;
    while let Some((slice, next)) = server.registry.closed_from(from, SLICE) {
        from = next;
        for closed in slice {
            let wanted = match request.cid {
                Some(cid) => closed.client.id.0 == cid,
                None => wants(request, &closed.client),
            };
            if wanted {
                let mut standing = standing(&closed.client);
                standing.stop = Some(closed.stopped);
                standing.reason = Some(closed.reason.text());
                standing.figures.subscriptions = closed.subscription_count;
                rows.push((standing, Row::Closed(closed)));
            }
        }
    }
}

/// Whether the filters by user and MQTT client (there are none of those) let `client` through.
fn wants(request: &Request, client: &Client) -> bool {
    if !request.mqtt_client.is_empty() {
        return false;
    }
    request.user.is_empty() || client.details().principal.name() == Some(&request.user)
}

fn standing(client: &Client) -> Standing {
    let traffic = &client.traffic;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    Standing {
        cid: client.id.0,
        start: client.started,
        last_activity: client.started + client.last_activity(),
        stop: None,
        reason: None,
        rtt: client.rtt().unwrap_or(Duration::ZERO),
        figures: Figures {
            pending_bytes: client.output.pending(),
            in_msgs: count(&traffic.in_msgs),
            out_msgs: count(&traffic.out_msgs),
            in_bytes: count(&traffic.in_bytes),
            out_bytes: count(&traffic.out_bytes),
            stalls: count(&traffic.stalls),
            subscriptions: client.subs().len(),
        },
    }
}

fn show(
    server: &Server,
    request: &Request,
    standing: &Standing,
    row: &Row,
    now: SystemTime,
) -> Connection {
    let client = match row {
        Row::Open(client) => client,
        Row::Closed(closed) => &closed.client,
    };
    let details = client.details();
    let (ip, port) =
        details.address.map_or_else(Default::default, |(ip, port)| (ip.to_string(), port));
    let open = matches!(row, Row::Open(_));
    Connection {
        life: Life::new(standing, now, ip, port),
        figures: standing.figures,
        tls: tls(&details, request.auth && open),
        owner: owner(server, request, row, &details),
        said: Said {
            name: details.name.name,
            lang: details.name.lang,
            version: details.name.version,
        },
    }
}

fn owner(server: &Server, request: &Request, row: &Row, details: &Details) -> Owner {
    let mut owner = Owner::default();
    if request.auth {
        owner.authorized_user = details.principal.name().unwrap_or_default().to_owned();
        if matches!(row, Row::Open(_)) {
            server.account.name().clone_into(&mut owner.name_tag);
        }
    }
    match request.subs {
        Subs::Counted => {}
        Subs::Listed => {
            let subject = |sub: &Subscription| lossy(sub.subject());
            for_each_subscription(row, |sub| owner.subscriptions_list.push(subject(sub)));
        }
        Subs::Detailed => {
            // Details of closed clients name the account, those of open ones do not.
            let shown = match row {
                Row::Open(_) => Shown::OfClient,
                Row::Closed(_) => Shown::OfAccount(server.account.name()),
            };
            for_each_subscription(row, |sub| {
                owner.subscriptions_list_detail.push(subscriptions::detail(sub, shown));
            });
        }
    }
    owner
}

fn for_each_subscription(row: &Row, mut visit: impl FnMut(&Subscription)) {
    match row {
        Row::Open(client) => subscriptions::for_each_of(client, &mut visit),
        Row::Closed(closed) => closed.subscriptions.iter().for_each(|sub| visit(sub)),
    }
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tls(details: &Details, certificates: bool) -> Tls {
    let Some(tls) = &details.tls else { return Tls::default() };
    let tls_peer_certs = if certificates {
        tls.peer_certificates.iter().map(|der| certificate(der)).collect()
    } else {
        Vec::new()
    };
    Tls {
        tls_version: tls.version.clone(),
        tls_cipher_suite: tls.cipher_suite.clone(),
        tls_peer_certs,
        tls_first: tls.first,
    }
}

fn certificate(der: &[u8]) -> PeerCertificate {
    let key = X509Certificate::from_der(der)
        .map(|(_, certificate)| hex(&Sha256::digest(certificate.public_key().raw)));
    PeerCertificate {
        subject: TlsIdentity::from_der(der)
            .map_or_else(|_| String::new(), |id| id.subject().to_owned()),
        spki_sha256: key.unwrap_or_default(),
        cert_sha256: hex(&Sha256::digest(der)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
