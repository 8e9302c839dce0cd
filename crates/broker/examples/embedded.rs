//! A broker inside a program: it listens for clients, and the program itself talks to it without
//! a socket.
//!
//! `cargo run -p anabranch-broker --example embedded -- 4222` serves on port 4222 until Ctrl-C.

use anabranch_broker::Broker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let broker = Broker::builder().host("127.0.0.1").port(port).server_name("embedded");
    let broker = broker.start().await?;
    println!("clients connect to {}", broker.client_url());

    // The protocol itself, over a pipe: subscribe, publish, read what comes back.
    let mut pipe = broker.connect_in_process();
    pipe.write_all(b"CONNECT {\"verbose\":false}\r\nSUB greet 1\r\n").await?;
    pipe.write_all(b"PUB greet 5\r\nhello\r\nPING\r\n").await?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"PONG\r\n") {
        if pipe.read_buf(&mut heard).await? == 0 {
            break;
        }
    }
    println!("{}", String::from_utf8_lossy(&heard));

    if port != 0 {
        tokio::signal::ctrl_c().await?;
    }
    broker.shutdown().await;
    Ok(())
}
