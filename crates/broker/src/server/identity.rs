//! Who this server is.

/// The nats-server release whose behaviour this server has. Clients and tools gate features on
/// the version in INFO and `/varz`.
pub const PEER_VERSION: &str = "2.15.1";

/// Names of this run of the server.
#[derive(Debug, Clone)]
pub struct ServerIdentity {
    /// Public nkey made at start, `N…`.
    pub id: String,
    /// Configured name, or the id.
    pub name: String,
}

impl ServerIdentity {
    /// A fresh identity; `name`: as configured.
    #[must_use]
    pub fn new(name: Option<&str>) -> Self {
        let id = nkeys::KeyPair::new_server().public_key();
        let name = name.map_or_else(|| id.clone(), str::to_owned);
        Self { id, name }
    }
}
