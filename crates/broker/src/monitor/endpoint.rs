//! Which path is which endpoint.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Index,
    Varz,
    Connz,
    Subsz,
    Routez,
    Gatewayz,
    Leafz,
    Accountz,
    Accstatz,
    Jsz,
    Healthz,
    Livez,
    Readyz,
    Metrics,
    IpQueuesz,
    Raftz,
}

/// The path of each endpoint; of two, the first is its name in `http_req_stats`.
pub(super) const PATHS: [(&str, Endpoint); 17] = [
    ("/", Endpoint::Index),
    ("/varz", Endpoint::Varz),
    ("/connz", Endpoint::Connz),
    ("/subsz", Endpoint::Subsz),
    ("/subscriptionsz", Endpoint::Subsz),
    ("/routez", Endpoint::Routez),
    ("/gatewayz", Endpoint::Gatewayz),
    ("/leafz", Endpoint::Leafz),
    ("/accountz", Endpoint::Accountz),
    ("/accstatz", Endpoint::Accstatz),
    ("/jsz", Endpoint::Jsz),
    ("/healthz", Endpoint::Healthz),
    ("/livez", Endpoint::Livez),
    ("/readyz", Endpoint::Readyz),
    ("/metrics", Endpoint::Metrics),
    ("/ipqueuesz", Endpoint::IpQueuesz),
    ("/raftz", Endpoint::Raftz),
];

/// The endpoint at `path`, where `base` (empty or `/…` without a slash behind) precedes all.
#[must_use]
pub(super) fn find(base: &str, path: &str) -> Option<Endpoint> {
    let rest = path.strip_prefix(base)?;
    // The index of a base path has no slash behind it.
    let rest = match rest {
        "" => "/",
        "/" if !base.is_empty() => return None,
        other => other,
    };
    PATHS.iter().find(|(known, _)| *known == rest).map(|(_, endpoint)| *endpoint)
}

/// How often each endpoint was asked for.
#[derive(Debug, Default)]
pub(super) struct RequestCounts([AtomicU64; PATHS.len()]);

impl RequestCounts {
    /// Counts one request.
    pub(super) fn count(&self, endpoint: Endpoint) {
        let index = PATHS.iter().position(|(_, known)| *known == endpoint);
        if let Some(counter) = index.and_then(|index| self.0.get(index)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Requests by path; only paths that were asked for.
    #[must_use]
    pub(super) fn by_path(&self) -> BTreeMap<&'static str, u64> {
        let counts = PATHS.iter().zip(&self.0);
        let counts = counts.map(|((path, _), count)| (*path, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_endpoints_below_the_base_path() {
        assert_eq!(find("", "/varz"), Some(Endpoint::Varz));
        assert_eq!(find("", "/"), Some(Endpoint::Index));
        assert_eq!(find("", "/varz/"), None);
        assert_eq!(find("/base", "/base/varz"), Some(Endpoint::Varz));
        assert_eq!(find("/base", "/base"), Some(Endpoint::Index));
        for path in ["/base/", "/varz", "/", "/based", "/base//varz"] {
            assert_eq!(find("/base", path), None, "{path}");
        }
    }

    #[test]
    fn counts_both_names_of_an_endpoint_as_one() {
        let counts = RequestCounts::default();
        counts.count(find("", "/subsz").unwrap());
        counts.count(find("", "/subscriptionsz").unwrap());
        counts.count(Endpoint::Index);
        let expected = BTreeMap::from([("/", 1), ("/subsz", 2)]);
        assert_eq!(counts.by_path(), expected);
    }
}
