//! Log lines about messages on their way and about subscriptions that go.

use anabranch_config::Options;
use anabranch_nats::codec::Publication;
use anabranch_nats::error_text::quoted;

use crate::client::{Client, Subscription};

/// Whether operations are to be traced.
#[must_use]
#[inline]
pub fn is_on(options: &Options) -> bool {
    options.log.trace && log::log_enabled!(log::Level::Trace)
}

/// Traces a delivery: `->> [MSG foo 1 5]` and the payload.
#[cold]
pub(super) fn delivered(subscription: &Subscription, message: &Publication<'_>, options: &Options) {
    let client = subscription.client();
    let header_len = if client.takes_headers() { message.header_len } else { 0 };
    let bytes = if header_len > 0 { message.payload } else { message.body() };
    let show = String::from_utf8_lossy;
    let mut words = vec![if header_len > 0 { "HMSG" } else { "MSG" }.into()];
    words.extend([show(message.subject), show(subscription.sid())]);
    if !message.reply.is_empty() {
        words.push(show(message.reply));
    }
    if header_len > 0 {
        words.push(header_len.to_string().into());
    }
    words.push(bytes.len().to_string().into());
    log::trace!("{} - ->> [{}]", client.label(), words.join(" "));
    payload(client, "->>", bytes, header_len, options);
}

/// Traces as much of a payload as is wanted, if there is any.
pub fn payload(client: &Client, way: &str, bytes: &[u8], header_len: usize, options: &Options) {
    let shown = if options.log.trace_headers {
        // Without the empty line.
        bytes.get(..header_len.saturating_sub(4)).unwrap_or_default()
    } else {
        bytes
    };
    if shown.is_empty() {
        return;
    }
    let max = options.limits.traced_message_max;
    let text = match shown.get(..max) {
        Some(cut) if max > 0 && cut.len() < shown.len() => {
            let text = quoted(cut);
            format!("{}...\"", text.strip_suffix('"').unwrap_or(&text))
        }
        _ => quoted(shown),
    };
    log::trace!("{} - {way} MSG_PAYLOAD: [{text}]", client.label());
}

/// Traces that a subscription was removed, if that is wanted: `<-> [DELSUB 1]`.
pub fn removed(subscription: &Subscription, options: &Options) {
    if is_on(options) {
        let sid = String::from_utf8_lossy(subscription.sid());
        log::trace!("{} - <-> [DELSUB {sid}]", subscription.client().label());
    }
}
