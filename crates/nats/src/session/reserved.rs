//! Subjects that clients may not use: the server's own replies and internal traffic.

/// Publishing there is a violation: mapped gateway replies and the server's Raft traffic.
pub(super) fn is_reserved_subject(subject: &[u8]) -> bool {
    is_longer(subject, b"_GR_.")
}

/// As [`is_reserved_subject`], but judged after the user's own permissions.
pub(super) fn is_internal_subject(subject: &[u8]) -> bool {
    subject.starts_with(b"$NRG.")
}

/// Replies that only the server makes: service imports, JetStream acknowledgements, gateways.
pub(super) fn is_reserved_reply(reply: &[u8]) -> bool {
    reply.starts_with(b"_R_.") || is_longer(reply, b"$JS.ACK.") || is_longer(reply, b"_GR_.")
}

fn is_longer(subject: &[u8], prefix: &[u8]) -> bool {
    subject.len() > prefix.len() && subject.starts_with(prefix)
}
