//! The original's client: establishes a tunnel and does one step after another.

use std::{sync::Arc, time::Duration, time::Instant, time::UNIX_EPOCH};

use penstock_peers::{
    Failure,
    addresses::address,
    arguments::{Arguments, Step, duration},
    packets,
    peer::{self, say},
    quic,
};
use quinn::{Connection, VarInt};
use serde_json::json;
use snap_tun::client::{AutoSessionRenewal, ClientBuilder, Control, Receiver, Sender};
use tokio::{sync::Semaphore, time::timeout};

/// So many packets fit into the smallest usual socket buffers several times.
const WINDOW: usize = 32;

/// How long no packet may come before those that are missing count as lost.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    let own = ["connect", "token", "address", "renewal-threshold", "renewal-token"];
    peer::run(&[&quic::FLAGS[..], &own].concat(), work);
}

async fn work(arguments: Arguments) -> Result<(), Failure> {
    let server = arguments.address("connect", "")?;
    let endpoint = quic::client(quic::transport(&arguments)?)?;
    let connection = endpoint.connect(server, "localhost")?.await?;
    let (sender, receiver, control) = match builder(&arguments)?.connect(connection.clone()).await {
        Ok(established) => established,
        Err(e) => {
            let closed = peer::closed(&connection, Duration::from_secs(5)).await;
            say(json!({ "connected": false, "error": e.to_string(), "closed": closed }));
            return Ok(());
        }
    };
    let tunnel = Arc::new((sender, receiver));
    let mut established = state(&control);
    established["connected"] = true.into();
    established["max_datagram"] = connection.max_datagram_size().into();
    say(established);
    let mut control = control;
    for step in &arguments.steps {
        perform(step, &connection, &tunnel, &mut control).await?;
    }
    if connection.close_reason().is_some() {
        // Until the server has been told.
        let _ = timeout(PATIENCE, endpoint.wait_idle()).await;
    }
    Ok(())
}

fn builder(arguments: &Arguments) -> Result<ClientBuilder, Failure> {
    let token = arguments.text("token", "node:3600");
    let wanted = arguments
        .all("address")
        .iter()
        .map(|text| address(text))
        .collect::<Result<Vec<_>, _>>()?;
    let builder = ClientBuilder::new(&token).with_desired_addresses(wanted);
    if !arguments.has("renewal-threshold") {
        return Ok(builder);
    }
    let renewed = arguments.text("renewal-token", &token);
    Ok(builder.with_auto_session_renewal(AutoSessionRenewal::new(
        duration(&arguments.text("renewal-threshold", ""))?,
        Box::new(move || {
            let token = renewed.clone();
            Box::pin(async move { Ok(token) })
        }),
    )))
}

fn state(control: &Control) -> serde_json::Value {
    let addresses: Vec<_> = control
        .assigned_addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expiry = control.session_expiry().duration_since(UNIX_EPOCH);
    json!({ "addresses": addresses, "expiry": expiry.unwrap_or_default().as_secs() })
}

async fn perform(
    step: &Step,
    connection: &Connection,
    tunnel: &Arc<(Sender, Receiver)>,
    control: &mut Control,
) -> Result<(), Failure> {
    match step.verb.as_str() {
        "echo" => echo(step, tunnel).await?,
        "renew" => {
            control.renew_session().await?;
            say(state(control));
        }
        "state" => say(state(control)),
        "wait" => tokio::time::sleep(step.duration(0, "1s")?).await,
        "closed" => {
            let closed = peer::closed(connection, step.duration(0, "10s")?).await;
            say(json!({ "closed": closed }));
        }
        "close" => {
            let reason = step.operand(1).unwrap_or("").as_bytes();
            connection.close(VarInt::from_u32(step.number(0, 0)?), reason);
        }
        other => return Err(format!("no step {other}").into()),
    }
    Ok(())
}

/// `echo=N,SIZE[,WINDOW]`: sends N packets, at most so many ahead, and checks what comes back.
async fn echo(step: &Step, tunnel: &Arc<(Sender, Receiver)>) -> Result<(), Failure> {
    let (count, size) = (step.number(0, 64)?, step.number(1, 64)?);
    let ahead = Arc::new(Semaphore::new(step.number(2, WINDOW)?));
    let started = Instant::now();
    let sending = {
        let (tunnel, ahead) = (tunnel.clone(), ahead.clone());
        tokio::spawn(async move {
            for number in 0..count {
                let Ok(Ok(permit)) = timeout(PATIENCE, ahead.acquire()).await else {
                    return Ok(number);
                };
                permit.forget();
                let packet = packets::packet(number, size);
                tunnel.0.send_datagram_wait(packet).await?;
            }
            Ok::<_, quinn::SendDatagramError>(count)
        })
    };
    let (mut echoed, mut in_order, mut wrong) = (0, true, 0);
    while echoed + wrong < count {
        let Ok(packet) = timeout(PATIENCE, tunnel.1.read_datagram()).await else {
            break;
        };
        match packets::number(&packet?, size) {
            Some(number) => {
                in_order &= number == echoed;
                echoed += 1;
            }
            None => wrong += 1,
        }
        ahead.add_permits(1);
    }
    let seconds = started.elapsed().as_secs_f64();
    let sent = sending.await??;
    say(json!({
        "sent": sent, "echoed": echoed, "wrong": wrong, "in_order": in_order, "seconds": seconds,
    }));
    Ok(())
}
