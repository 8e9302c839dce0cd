//! Advisories: told when somebody listens, and not made otherwise.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::Timestamp;
use anabranch_jetstream::advisory::{Advisory, Client, ConsumerEvent, Envelope};
use anabranch_jetstream::stream::Stream;
use anabranch_log::format::StreamId;

use super::outbox::Outbox;
use super::shard::now;
use super::streams::{Intake, Streams};
use crate::client::ClientId;

/// Characters of an identifier.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// As long as those of nats-server.
const ID_LEN: usize = 22;

/// Publishes the advisory if somebody listens.
pub fn advise(intake: &Intake, advisory: &Advisory<'_>, outbox: &mut Outbox<'_>) {
    let subject = advisory.subject();
    if !intake.server.account.has_interest(subject.as_bytes()) {
        return;
    }
    let id = new_id();
    let time = Timestamp::from_unix_nanos(now());
    let envelope = Envelope { id: &id, time, domain: intake.domain() };
    outbox.send(subject.as_bytes(), b"", 0, &advisory.encode(&envelope));
}

/// Tells of the batches of a stream that were given up since this was called last.
pub fn tell_abandoned(intake: &Intake, machine: &mut Stream, outbox: &mut Outbox<'_>) {
    for (batch, reason) in machine.take_abandoned() {
        let (stream, batch) = (&machine.config().name, &String::from_utf8_lossy(&batch));
        advise(intake, &Advisory::BatchAbandoned { account: "", stream, batch, reason }, outbox);
    }
}

/// Somebody listens to what is told of requests.
#[must_use]
pub fn is_audited(intake: &Intake) -> bool {
    intake.server.account.has_interest(b"$JS.EVENT.ADVISORY.API")
}

/// What is told of a client.
#[must_use]
pub fn client(intake: &Intake, id: ClientId) -> Client {
    let server = &intake.server;
    let Some(client) = server.registry.find(id) else { return Client::default() };
    let details = client.details();
    let since = client.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let nanos = |nanos: u128| i64::try_from(nanos).unwrap_or(i64::MAX);
    Client {
        start: Some(Timestamp::from_unix_nanos(nanos(since.as_nanos()))),
        host: details.address.map_or_else(String::new, |(ip, _)| ip.to_string()),
        id: id.0,
        account: server.account.name().to_owned(),
        user: details.principal.name().unwrap_or_default().to_owned(),
        name: details.name.name.clone(),
        lang: details.name.lang.clone(),
        version: details.name.version.clone(),
        rtt: Nanos(nanos(details.rtt.unwrap_or_default().as_nanos())),
        server: server.identity.name.clone(),
        kind: "Client".to_owned(),
        client_type: "nats".to_owned(),
    }
}

/// A new identifier.
#[must_use]
pub fn new_id() -> String {
    let random: [u8; ID_LEN] = rand::random();
    random.iter().map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}

/// Tells what happened to a consumer of a stream.
pub fn advise_of(
    intake: &Intake,
    (stream, consumer): (&str, &str),
    event: ConsumerEvent<'_>,
    outbox: &mut Outbox<'_>,
) {
    let account = intake.server.account.name();
    advise(intake, &Advisory::Consumer { account, stream, consumer, event }, outbox);
}

/// Tells what happened to a consumer, if it is still there.
pub fn report(
    intake: &Intake,
    streams: &Streams,
    (stream, number): (StreamId, u32),
    event: ConsumerEvent<'_>,
    outbox: &mut Outbox<'_>,
) {
    let Some(held) = streams.get(stream) else { return };
    let Some(consumer) = held.machine.consumers().get(number) else { return };
    let names = (held.machine.config().name.as_str(), consumer.name.as_str());
    advise_of(intake, names, event, outbox);
}
