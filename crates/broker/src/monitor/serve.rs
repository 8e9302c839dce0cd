//! From an endpoint and its parameters to an answer.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;

use super::answer::Answer;
use super::collect::{self, Observed};
use super::endpoint::{self, Endpoint};
use super::query::{BadRequest, Query};
use super::{absent, connz, healthz, index, jsz, metrics, subsz};
use crate::server::Server;

/// Documents of unbounded length (all connections, all subscriptions) made at a time.
const LONG_MAX: usize = 2;

/// Answers requests about one server.
pub(super) struct Monitor {
    server: Arc<Server>,
    pub(super) observed: Observed,
    long: Semaphore,
}

impl Monitor {
    pub(super) fn new(server: &Arc<Server>, observed: Observed) -> Self {
        Self { server: Arc::clone(server), observed, long: Semaphore::new(LONG_MAX) }
    }

    /// Answers a request for `path` with the parameters `query`.
    pub(super) async fn answer(self: &Arc<Self>, path: &str, query: &str) -> Answer {
        let base = &self.server.options.monitor.base_path;
        let Some(endpoint) = endpoint::find(base, path) else { return Answer::not_found() };
        self.observed.requests.count(endpoint);
        let query = Query::parse(query);
        match endpoint {
            Endpoint::Connz => match connz::Request::parse(&query) {
                Ok(request) => self.long(move |s, now| collect::connz(s, &request, now)).await,
                Err(bad) => bad.into(),
            },
            Endpoint::Subsz => match subsz::Request::parse(&query) {
                Ok(request) => self.long(move |s, now| collect::subsz(s, &request, now)).await,
                Err(bad) => bad.into(),
            },
            Endpoint::Jsz => match jsz::Request::parse(&query) {
                Ok(request) => self.long(move |s, now| collect::jsz(s, &request, now)).await,
                Err(bad) => bad.into(),
            },
            // What these tell of streams is asked of their thread.
            Endpoint::Varz | Endpoint::Healthz | Endpoint::Metrics
                if self.server.jetstream.get().is_some() =>
            {
                let monitor = Arc::clone(self);
                let made = tokio::task::spawn_blocking(move || monitor.short(endpoint, &query));
                made.await
                    .map_or_else(|e| Answer::text(500, format!("no document: {e}")), Answer::from)
            }
            short => self.short(short, &query).into(),
        }
    }

    /// Makes a document that may be long: where it holds up no connection, and few at a time.
    async fn long<D: serde::Serialize + 'static>(
        self: &Arc<Self>,
        make: impl FnOnce(&Server, SystemTime) -> D + Send + 'static,
    ) -> Answer {
        let Ok(_turn) = self.long.acquire().await else {
            return Answer::text(503, "shutting down");
        };
        let server = Arc::clone(&self.server);
        let made = tokio::task::spawn_blocking(move || {
            Answer::document(&make(&server, SystemTime::now()))
        });
        made.await.unwrap_or_else(|e| Answer::text(500, format!("no document: {e}")))
    }

    fn short(&self, endpoint: Endpoint, query: &Query) -> Result<Answer, BadRequest> {
        let (server, now) = (&*self.server, SystemTime::now());
        let id = server.identity.id.as_str();
        match endpoint {
            Endpoint::Index => Ok(index::index(
                &server.identity.name,
                env!("CARGO_PKG_VERSION"),
                &server.options.monitor.base_path,
            )),
            Endpoint::Varz => Ok(Answer::document(&collect::varz(server, &self.observed, now))),
            Endpoint::Accountz => collect::accountz(server, query.text("acc"), now)
                .map(|document| Answer::document(&document)),
            Endpoint::Accstatz => {
                let unused = query.flag("unused")?;
                Ok(Answer::document(&collect::accstatz(server, unused, now)))
            }
            Endpoint::Healthz => healthz::healthz(query, &collect::health(server)),
            Endpoint::Livez => Ok(healthz::livez()),
            Endpoint::Readyz => Ok(healthz::readyz(server.phase(), server.recovery.read())),
            Endpoint::Metrics => Ok(metrics::metrics(collect::metrics(server))),
            Endpoint::Routez => absent::routez(query, id, &server.identity.name, now),
            Endpoint::Gatewayz => absent::gatewayz(query, id, now),
            Endpoint::Leafz => absent::leafz(query, id, now),
            Endpoint::IpQueuesz => absent::ipqueuesz(query),
            Endpoint::Raftz => Ok(absent::raftz()),
            Endpoint::Connz | Endpoint::Subsz | Endpoint::Jsz => Ok(Answer::not_found()),
        }
    }
}
