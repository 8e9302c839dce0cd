//! `/subsz`: what is asked for, and the document.

use std::time::SystemTime;

use anabranch_router::AccountStats;
use anabranch_subject::grammar;
use serde::Serialize;

use super::gotext;
use super::page::Page;
use super::query::{BadRequest, Query};

/// The parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Subscriptions are listed.
    pub(super) subs: bool,
    pub(super) page: Page,
    /// Only subscriptions of this account; empty: any.
    pub(super) account: String,
    /// Only subscriptions that receive this subject; empty: any.
    pub(super) test: String,
}

impl Request {
    /// Reads the parameters, in nats-server's order.
    pub(super) fn parse(query: &Query) -> Result<Self, BadRequest> {
        let subs = query.flag("subs")?;
        let page = Page::parse(query)?;
        let test = query.text("test");
        if !test.is_empty() && !grammar::is_valid_literal(test.as_bytes()) {
            return Err(BadRequest(format!(
                "invalid test subject, must be valid publish subject: {test}"
            )));
        }
        Ok(Self { subs, page, account: query.text("acc").to_owned(), test: test.to_owned() })
    }
}

/// One subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct SubDetail {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) account: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) account_tag: String,
    pub(super) subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) qgroup: String,
    pub(super) sid: String,
    pub(super) msgs: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) max: u64,
    pub(super) cid: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Rows of a page, and how many there are in all.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) shown: Vec<SubDetail>,
    pub(super) total: usize,
}

impl Rows {
    /// Takes one more row, and makes it only if it is on the page.
    pub(super) fn offer(&mut self, page: Page, row: impl FnOnce() -> SubDetail) {
        if page.shows(self.total) {
            self.shown.push(row());
        }
        self.total += 1;
    }
}

/// Figures of an account's interests.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Stats {
    num_subscriptions: u64,
    num_cache: u64,
    num_inserts: u64,
    num_removes: u64,
    num_matches: u64,
    #[serde(serialize_with = "gotext::float")]
    cache_hit_rate: f64,
    max_fanout: u32,
    #[serde(serialize_with = "gotext::float")]
    avg_fanout: f64,
}

impl From<AccountStats> for Stats {
    fn from(stats: AccountStats) -> Self {
        Self {
            num_subscriptions: stats.subscriptions,
            num_cache: stats.cache_entries,
            num_inserts: stats.inserts,
            num_removes: stats.removes,
            num_matches: stats.matches,
            cache_hit_rate: stats.cache_hit_rate(),
            max_fanout: stats.max_fanout,
            avg_fanout: stats.avg_fanout(),
        }
    }
}

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Subsz {
    pub(super) server_id: String,
    #[serde(serialize_with = "gotext::time")]
    pub(super) now: SystemTime,
    #[serde(flatten)]
    pub(super) stats: Stats,
    pub(super) total: usize,
    pub(super) offset: usize,
    pub(super) limit: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subscriptions_list: Vec<SubDetail>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters_and_refuses_wildcards_in_a_test() {
        let parse = |query: &str| Request::parse(&Query::parse(query));
        let request = parse("subs=1&offset=1&limit=2&acc=$G&test=a.b").unwrap();
        assert_eq!(request.page, Page { offset: 1, limit: 2 });
        assert_eq!((request.account.as_str(), request.test.as_str()), ("$G", "a.b"));
        for test in ["foo..bar", "*", "a.>"] {
            let expected = format!("invalid test subject, must be valid publish subject: {test}");
            assert_eq!(parse(&format!("test={test}")), Err(BadRequest(expected)));
        }
    }

    #[test]
    fn makes_only_the_rows_of_the_page() {
        let page = Page { offset: 1, limit: 2 };
        let (mut rows, mut made) = (Rows::default(), 0);
        for cid in 0..9 {
            rows.offer(page, || {
                made += 1;
                SubDetail { cid, ..SubDetail::default() }
            });
        }
        assert_eq!((rows.total, made), (9, 2));
        assert_eq!(rows.shown.iter().map(|row| row.cid).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn leaves_out_what_a_subscription_lacks() {
        let row =
            SubDetail { subject: "a".into(), sid: "1".into(), cid: 3, ..SubDetail::default() };
        let expected = r#"{"subject":"a","sid":"1","msgs":0,"cid":3}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
    }
}
