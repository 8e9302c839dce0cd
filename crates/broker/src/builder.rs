//! From options to a running broker.

use anabranch_config::Options;

use crate::broker::Broker;
use crate::error::StartError;

/// Collects options. Everything not set has nats-server's default.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    options: Options,
    threads: Option<usize>,
}

impl Builder {
    /// Replaces all options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The host or address for clients.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.options.listen.host = host.into();
        self
    }

    /// The port for clients; 0 lets the system choose.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.options.listen.port = port;
        self
    }

    /// The name shown to clients and in monitoring.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.options.server_name = Some(name.into());
        self
    }

    /// How many threads of the runtime will run connections; as many workers are kept. By
    /// default as many as the machine has cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Starts the broker on the current tokio runtime. When this returns, it listens.
    ///
    /// # Errors
    /// When the options mean nothing or an address cannot be listened on.
    pub async fn start(self) -> Result<Broker, StartError> {
        let threads = self.threads.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        Broker::start(self.options, threads).await
    }
}
