//! The INFO that a server sends to a client.

use serde::Serialize;

/// Fields of INFO, in the order of the wire. Those that are empty or false are left out, but for
/// the ones that clients always expect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Identity of this run of the server.
    pub server_id: String,
    /// Configured name, or the id.
    pub server_name: String,
    /// The nats-server release whose behaviour this is: clients gate features on it.
    pub version: String,
    /// Protocol generation: 1.
    pub proto: u8,
    /// Commit of the build.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
    /// Language runtime of the peer's builds; clients only display it.
    pub go: String,
    /// Bound or advertised host.
    pub host: String,
    /// Bound or advertised port.
    pub port: u16,
    /// Header messages are supported.
    pub headers: bool,
    /// Credentials are needed.
    #[serde(skip_serializing_if = "is_false")]
    pub auth_required: bool,
    /// The connection must turn to TLS.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// Clients must present a certificate.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// The connection may turn to TLS.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_available: bool,
    /// Largest message, headers included, in bytes.
    pub max_payload: u32,
    /// JetStream is enabled.
    #[serde(skip_serializing_if = "is_false")]
    pub jetstream: bool,
    /// Number of this connection.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_id: u64,
    /// Address that the client came from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_ip: String,
    /// What an nkey signs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub nonce: String,
    /// Addresses where clients may connect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connect_urls: Vec<String>,
    /// The server is about to stop: connect elsewhere.
    #[serde(skip_serializing_if = "is_false")]
    pub ldm: bool,
    /// Name of the JetStream domain.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// This INFO follows the first PONG.
    #[serde(skip_serializing_if = "is_false")]
    pub connect_info: bool,
    /// Account that the client is bound to; with `connect_info`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remote_account: String,
    /// That account is the system account.
    #[serde(skip_serializing_if = "is_false")]
    pub acc_is_sys: bool,
    /// JetStream API level.
    #[serde(skip_serializing_if = "is_zero_level")]
    pub api_lvl: u32,
    /// Public curve key of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub xkey: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero_level(n: &u32) -> bool {
    *n == 0
}

impl Info {
    /// The INFO line. A space stands before its CRLF, as nats-server writes it.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut out = b"INFO ".to_vec();
        let json = serde_json::to_vec(self).expect("strings, numbers and flags always serialise");
        out.extend_from_slice(&json);
        out.extend_from_slice(b" \r\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Info;

    #[test]
    fn leaves_out_what_is_empty() {
        let info = Info { server_id: "N".into(), max_payload: 5, ..Info::default() };
        let line = String::from_utf8(info.line()).unwrap();
        assert!(line.starts_with("INFO {\"server_id\":\"N\""));
        assert!(line.ends_with("\"max_payload\":5} \r\n"));
        assert!(!line.contains("nonce"));
    }
}
