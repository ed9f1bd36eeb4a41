//! The rival of our client in the benchmark: the original's client, which loads a tunnel with packets
//! in the way that ours does, as it is told line by line on its standard input.

use std::{
    io::BufRead,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};
use penstock_peers::{
    Failure,
    arguments::Arguments,
    peer::{self, say},
    quic,
};
use serde_json::json;
use snap_tun::client::{ClientBuilder, Control, Receiver, Sender};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

const WINDOW: u64 = 256;
const LARGE_BYTES: usize = 1200;
const SMALL_BYTES: usize = 64;
const LOST: Duration = Duration::from_millis(100);
const PACE: Duration = Duration::from_millis(1);

/// Where a packet has its number: behind IP and UDP headers, if it had any.
const NUMBER_AT: usize = 28;

/// Handshakes at one time.
const AT_ONCE: usize = 16;

struct Tunnel {
    connection: quinn::Connection,
    sender: Sender,
    receiver: Receiver,
    _control: Control,
    /// The numbers of the large packets that were sent and received last.
    sent: u64,
    newest: u64,
}

fn main() {
    let flags = [&quic::FLAGS[..], &["connect"]].concat();
    peer::run(&flags, answer_all);
}

async fn answer_all(arguments: Arguments) -> Result<(), Failure> {
    let server = arguments.address("connect", "")?;
    let mut transport = quic::transport(&arguments)?;
    quic::keep_path(&mut transport);
    let endpoint = quic::client(transport)?;
    say(json!({ "ready": true }));
    let mut questions = questions();
    let mut loaded = None;
    let mut held = Vec::new();
    while let Some(question) = questions.recv().await {
        let words: Vec<&str> = question.split(' ').collect();
        match words[..] {
            ["throughput", seconds] => {
                let tunnel = load(&mut loaded, &endpoint, server).await?;
                throughput(tunnel, Duration::from_secs_f64(seconds.parse()?)).await?;
            }
            ["latency", seconds, rate] => {
                let tunnel = load(&mut loaded, &endpoint, server).await?;
                let time = Duration::from_secs_f64(seconds.parse()?);
                latency(tunnel, time, rate.parse()?).await?;
            }
            ["establish", count] => {
                let began = Instant::now();
                let tunnels = open_all(&endpoint, server, count.parse()?).await?;
                let seconds = began.elapsed().as_secs_f64();
                for tunnel in &tunnels {
                    tunnel.connection.close(0u32.into(), b"");
                }
                say(json!({ "tunnels": tunnels.len(), "seconds": seconds }));
            }
            ["hold", count] => {
                held.extend(open_all(&endpoint, server, count.parse()?).await?);
                say(json!({ "held": held.len() }));
            }
            _ => return Err(format!("unknown line {question}").into()),
        }
    }
    Ok(())
}

/// The lines of the standard input, until it ends.
fn questions() -> mpsc::UnboundedReceiver<String> {
    let (lines, questions) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    questions
}

/// The one tunnel that is loaded, opened when it is needed first.
async fn load<'a>(
    loaded: &'a mut Option<Tunnel>,
    endpoint: &quinn::Endpoint,
    server: SocketAddr,
) -> Result<&'a mut Tunnel, Failure> {
    if loaded.is_none() {
        *loaded = Some(open(endpoint, server).await?);
    }
    loaded.as_mut().ok_or_else(|| "no tunnel".into())
}

/// Keeps `WINDOW` packets under way: each that comes lets go what is missing of it.
async fn throughput(tunnel: &mut Tunnel, time: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    let newest_before = tunnel.newest;
    let mut delivered = 0u64;
    while began.elapsed() < time {
        while tunnel.sent - tunnel.newest < WINDOW {
            tunnel.sent += 1;
            tunnel
                .sender
                .send_datagram(packet(LARGE_BYTES, tunnel.sent))?;
        }
        match timeout(LOST, tunnel.receiver.read_datagram()).await {
            Ok(received) => {
                let received = received?;
                if received.len() == LARGE_BYTES {
                    delivered += 1;
                    tunnel.newest = tunnel.newest.max(number_of(&received));
                }
            }
            Err(_) => tunnel.newest = tunnel.sent,
        }
    }
    say(json!({
        "packets": delivered,
        "seconds": began.elapsed().as_secs_f64(),
        "lost": tunnel.newest - newest_before - delivered,
    }));
    Ok(())
}

/// Sends one small packet at a time, beside large ones at a steady rate.
async fn latency(tunnel: &mut Tunnel, time: Duration, rate: f64) -> Result<(), Failure> {
    let began = Instant::now();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut nanos = Vec::new();
    let (mut number, mut paced, mut delivered, mut lost) = (1u64, 0u64, 0u64, 0u64);
    let mut sent = ping(tunnel, number)?;
    while began.elapsed() < time {
        tokio::select! {
            received = tunnel.receiver.read_datagram() => {
                let received = received?;
                if received.len() == LARGE_BYTES {
                    delivered += 1;
                } else if number_of(&received) == number {
                    nanos.push(sent.elapsed().as_nanos() as u64);
                    number += 1;
                    sent = ping(tunnel, number)?;
                }
            }
            _ = pace.tick() => {
                if sent.elapsed() > LOST {
                    lost += 1;
                    number += 1;
                    sent = ping(tunnel, number)?;
                }
                let due = (rate * began.elapsed().as_secs_f64()) as u64;
                while paced < due {
                    tunnel.sender.send_datagram(packet(LARGE_BYTES, 0))?;
                    paced += 1;
                }
            }
        }
    }
    nanos.sort_unstable();
    let micros = |share: f64| match nanos.len() {
        0 => 0.0,
        count => nanos[(count as f64 * share) as usize] as f64 / 1e3,
    };
    say(json!({
        "pings": nanos.len(),
        "p50_us": micros(0.5),
        "p99_us": micros(0.99),
        "packets": delivered,
        "seconds": began.elapsed().as_secs_f64(),
        "lost": lost,
    }));
    Ok(())
}

fn ping(tunnel: &Tunnel, number: u64) -> Result<Instant, Failure> {
    let now = Instant::now();
    tunnel.sender.send_datagram(packet(SMALL_BYTES, number))?;
    Ok(now)
}

fn packet(size: usize, number: u64) -> Bytes {
    let mut packet = vec![0u8; size];
    packet[NUMBER_AT..NUMBER_AT + 8].copy_from_slice(&number.to_be_bytes());
    Bytes::from(packet)
}

fn number_of(packet: &Bytes) -> u64 {
    packet.slice(NUMBER_AT..NUMBER_AT + 8).get_u64()
}

async fn open(endpoint: &quinn::Endpoint, server: SocketAddr) -> Result<Tunnel, Failure> {
    let connection = endpoint.connect(server, "localhost")?.await?;
    let (sender, receiver, control) = ClientBuilder::new("any")
        .connect(connection.clone())
        .await?;
    Ok(Tunnel {
        connection,
        sender,
        receiver,
        _control: control,
        sent: 0,
        newest: 0,
    })
}

async fn open_all(
    endpoint: &quinn::Endpoint,
    server: SocketAddr,
    count: usize,
) -> Result<Vec<Tunnel>, Failure> {
    let free = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..count {
        let slot = free.clone().acquire_owned().await?;
        let endpoint = endpoint.clone();
        opening.spawn(async move {
            let tunnel = open(&endpoint, server).await;
            drop(slot);
            tunnel
        });
    }
    let mut opened = Vec::new();
    while let Some(tunnel) = opening.join_next().await {
        opened.push(tunnel??);
    }
    Ok(opened)
}
