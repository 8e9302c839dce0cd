//! Lame duck mode: clients are asked to go elsewhere and then closed one by one, so that they do
//! not all reconnect at the same moment.

use std::sync::Arc;
use std::time::Duration;

use anabranch_nats::CloseReason;

use crate::server::{Phase, Server};

/// Most closes per step, and the shortest pause between steps.
const STEP_MIN: Duration = Duration::from_millis(1);
/// The longest pause between two closes.
const STEP_MAX: Duration = Duration::from_secs(1);

/// Tells the clients, waits the grace period, and closes them over the configured duration. The
/// listeners are closed before.
pub(crate) async fn run(server: &Arc<Server>) {
    let timing = &server.options.timing;
    if server.registry.is_empty() {
        return;
    }
    tell_clients(server);
    tokio::time::sleep(timing.lame_duck_grace_period).await;
    let clients = server.registry.open();
    let left = timing.lame_duck_duration.saturating_sub(timing.lame_duck_grace_period);
    let count = u32::try_from(clients.len()).unwrap_or(u32::MAX).max(1);
    let pause = (left / count).min(STEP_MAX);
    let per_step = if pause < STEP_MIN {
        // More clients than milliseconds: several at once.
        usize::try_from(left.as_millis().max(1)).map_or(1, |ms| clients.len().div_ceil(ms))
    } else {
        1
    };
    for step in clients.chunks(per_step.max(1)) {
        if server.phase() == Phase::Stopping {
            return;
        }
        for client in step {
            client.output.close(CloseReason::ServerShutdown);
        }
        if server.registry.is_empty() {
            return;
        }
        tokio::time::sleep(pause.max(STEP_MIN)).await;
    }
}

/// Sends INFO with `ldm` to clients that take INFO at any time; the server's own URLs are left
/// out of it.
fn tell_clients(server: &Arc<Server>) {
    server.update_info(|info| {
        info.ldm = true;
        info.connect_urls.clear();
    });
    for client in server.registry.open() {
        if client.takes_async_info() {
            client.output.append(&server.info_for(&client).line());
        }
    }
}
