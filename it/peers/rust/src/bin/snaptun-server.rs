//! The original's server: echoes every packet.

use std::sync::Arc;

use penstock_peers::{
    Failure,
    addresses::Pool,
    arguments::Arguments,
    peer::{self, say},
    quic,
    tokens::{Claims, Judge},
};
use scion_sdk_observability::metrics::registry::MetricsRegistry;
use serde_json::json;
use snap_tun::{
    metrics::Metrics,
    server::{Receiver, SendPacketError, Sender, Server},
};

fn main() {
    let flags = [&quic::FLAGS[..], &["listen", "refuse"]].concat();
    peer::run(&flags, serve);
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let (endpoint, pin) = quic::server(
        arguments.address("listen", "127.0.0.1:0")?,
        quic::transport(&arguments)?,
    )?;
    let server = Arc::new(Server::new(
        Arc::new(Pool::refusing(arguments.all("refuse"))?),
        Arc::new(Judge),
        Metrics::new(&MetricsRegistry::new()),
    ));
    say(json!({ "listening": endpoint.local_addr()?.to_string(), "pin": pin }));
    let mut tunnels = 0;
    while let Some(incoming) = endpoint.accept().await {
        tunnels += 1;
        let server = server.clone();
        tokio::spawn(async move {
            if let Ok(connection) = incoming.await {
                tunnel(tunnels, &server, connection).await;
            }
        });
    }
    Ok(())
}

async fn tunnel(number: u32, server: &Server<Claims>, connection: quinn::Connection) {
    let (sender, receiver, control) = match server.accept_with_timeout(connection).await {
        Ok(established) => established,
        Err(e) => {
            say(json!({ "event": "refused", "tunnel": number, "error": e.to_string() }));
            return;
        }
    };
    let addresses: Vec<_> = sender
        .assigned_addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    say(json!({ "event": "accepted", "tunnel": number, "addresses": addresses }));
    let echoing = tokio::spawn(echo(sender, receiver));
    let end = match control.await {
        Ok(()) => "closed by the peer".to_owned(),
        Err(e) => e.to_string(),
    };
    let echoed = echoing.await.unwrap_or_default();
    say(json!({ "event": "ended", "tunnel": number, "how": end, "echoed": echoed }));
}

/// Sends back what comes until the tunnel ends, and returns how many packets that were.
async fn echo(mut sender: Sender<Claims>, receiver: Receiver<Claims>) -> u64 {
    let mut echoed = 0;
    while let Ok(mut packet) = receiver.receive().await {
        loop {
            match sender.send_wait(packet).await {
                Ok(()) => break,
                Err(SendPacketError::NewAssignedAddress((newer, same))) => {
                    sender = *newer;
                    packet = same;
                }
                Err(_) => return echoed,
            }
        }
        echoed += 1;
    }
    echoed
}
