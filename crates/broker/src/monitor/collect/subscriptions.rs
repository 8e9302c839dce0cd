//! Subscriptions for `/subsz` and `/connz`. They are read from the clients' tables rather than
//! from the account's trie, whose lock publishers share.

use std::time::SystemTime;

use anabranch_subject::{Interest, Matches};

use super::connections::lossy;
use crate::client::{Client, Subscription};
use crate::monitor::page::Page;
use crate::monitor::subsz::{Request, Rows, Stats, SubDetail, Subsz};
use crate::server::Server;

/// Buckets of a client's table looked at per turn under its lock.
const SLICE: usize = 1024;
/// Clients looked at per turn under the registry's lock.
const CLIENTS: usize = 512;

/// The document that `request` asks for, at `now`.
pub(in crate::monitor) fn subsz(server: &Server, request: &Request, now: SystemTime) -> Subsz {
    let known = request.account.is_empty() || request.account == server.account.name();
    let stats = if known { server.account.stats().into() } else { Stats::default() };
    let mut rows = Rows::default();
    if known && request.subs {
        rows = if request.test.is_empty() {
            all(server, request.page)
        } else {
            receivers(server, request)
        };
    }
    Subsz {
        server_id: server.identity.id.clone(),
        now,
        stats,
        total: rows.total,
        offset: request.page.offset,
        limit: request.page.limit,
        subscriptions_list: rows.shown,
    }
}

fn all(server: &Server, page: Page) -> Rows {
    let mut rows = Rows::default();
    let shown = Shown::OfAccount(server.account.name());
    let mut after = None;
    loop {
        let clients = server.registry.open_after(after, CLIENTS);
        let Some(last) = clients.last() else { return rows };
        after = Some(last.id);
        for client in &clients {
            for_each_of(client, &mut |sub| rows.offer(page, || detail(sub, shown)));
        }
    }
}

/// Who would receive the subject that is tested: one lookup.
fn receivers(server: &Server, request: &Request) -> Rows {
    let mut matches = Matches::default();
    server.account.matches(request.test.as_bytes(), &mut matches);
    let shown = Shown::OfAccount(server.account.name());
    let mut rows = Rows::default();
    let members = matches.queues.iter().flat_map(|group| group.probe_order(0));
    for sub in matches.plain.iter().chain(members) {
        rows.offer(request.page, || detail(sub, shown));
    }
    rows
}

/// Visits the subscriptions of `client`. Those that come or go meanwhile may be missed or
/// visited twice.
pub(super) fn for_each_of(client: &Client, visit: &mut impl FnMut(&Subscription)) {
    let mut from = 0;
    while let Some((slice, next)) = client.subs().slice(from, SLICE) {
        slice.iter().for_each(|sub| visit(sub));
        from = next;
    }
}

/// Where a subscription is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown<'a> {
    /// Under its client.
    OfClient,
    /// With the name of its account.
    OfAccount(&'a str),
}

/// What is shown of a subscription.
pub(super) fn detail(sub: &Subscription, shown: Shown<'_>) -> SubDetail {
    let account = match shown {
        Shown::OfClient => "",
        Shown::OfAccount(name) => name,
    };
    SubDetail {
        account: account.to_owned(),
        account_tag: account.to_owned(),
        subject: lossy(sub.subject()),
        qgroup: sub.queue().map(lossy).unwrap_or_default(),
        sid: lossy(sub.sid()),
        msgs: sub.delivered(),
        max: sub.max(),
        cid: sub.client().id.0,
    }
}
