//! A client of quinn alone that sends what no client should, step by step, to either server.

use std::time::{Duration, Instant};

use penstock_peers::{
    Failure,
    addresses::address,
    arguments::{Arguments, Step},
    peer::{self, hex, say},
    quic,
};
use prost::Message;
use quinn::{Connection, RecvStream, SendStream, VarInt};
use serde_json::{Value, json};
use snap_tun::requests::{AddressAssignRequest, AddressRange};
use tokio::time::timeout;

/// The steps that print a line each.
const ANSWERED: [&str; 3] = ["answer", "packet", "closed"];

/// How long an answer or the end of the connection may take.
const PATIENCE: &str = "10s";

/// More than any answer.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

fn main() {
    peer::run(&[&quic::FLAGS[..], &["connect"]].concat(), work);
}

async fn work(arguments: Arguments) -> Result<(), Failure> {
    let server = arguments.address("connect", "")?;
    let connection = quic::connect(server, quic::transport(&arguments)?).await?;
    let mut client = Client {
        connection,
        established: Instant::now(),
        streams: Vec::new(),
        current: 0,
    };
    say(json!({ "ready": true }));
    for step in &arguments.steps {
        if let Err(e) = client.perform(step).await {
            if ANSWERED.contains(&step.verb.as_str()) {
                say(json!({ "step": step.verb, "failed": e.to_string() }));
            } else {
                eprintln!("{}: {e}", step.verb);
            }
        }
    }
    Ok(())
}

struct Client {
    connection: Connection,
    established: Instant,
    streams: Vec<(SendStream, RecvStream)>,
    current: usize,
}

impl Client {
    async fn perform(&mut self, step: &Step) -> Result<(), Failure> {
        match step.verb.as_str() {
            "open" => {
                self.streams.push(self.connection.open_bi().await?);
                self.current = self.streams.len() - 1;
            }
            "stream" => self.current = step.number(0, 0)?,
            "write" => self.write(unescape(&step.text).as_bytes()).await?,
            "pad" => self.write(&vec![b'a'; step.number(0, 0)?]).await?,
            "body" => self.write(&unhex(&step.text)?).await?,
            "renew" => self.write(head("renew_session", step).as_bytes()).await?,
            "assign" => {
                let request = [head("assign_addresses", step).into_bytes(), wanted(step)?];
                self.write(&request.concat()).await?;
            }
            "fin" => self.stream().0.finish()?,
            "reset" => self.stream().0.reset(VarInt::from_u32(step.number(0, 0)?))?,
            "stop" => self.stream().1.stop(VarInt::from_u32(step.number(0, 0)?))?,
            "answer" => {
                let limit = step.duration(0, PATIENCE)?;
                let read = timeout(limit, self.stream().1.read_to_end(MOST_ANSWER_BYTES)).await;
                say(match read {
                    Err(_) => json!({ "answer": Value::Null }),
                    Ok(read) => answer(&read?),
                });
            }
            "datagram" => self
                .connection
                .send_datagram(step.text.clone().into_bytes().into())?,
            "packet" => {
                let limit = step.duration(0, PATIENCE)?;
                let came = timeout(limit, self.connection.read_datagram()).await;
                say(json!({ "packet": match came {
                    Err(_) => Value::Null,
                    Ok(packet) => String::from_utf8_lossy(&packet?).into(),
                }}));
            }
            "wait" => tokio::time::sleep(step.duration(0, "1s")?).await,
            "closed" => {
                let end = peer::closed(&self.connection, step.duration(0, PATIENCE)?).await;
                let seconds = self.established.elapsed().as_secs_f64();
                say(json!({ "closed": end, "seconds": seconds }));
            }
            other => return Err(format!("no step {other}").into()),
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = Duration::from_secs(5);
        Ok(timeout(limit, self.stream().0.write_all(bytes)).await??)
    }

    fn stream(&mut self) -> &mut (SendStream, RecvStream) {
        &mut self.streams[self.current]
    }
}

/// The head of a request as the original's client writes it; the first operand is the token.
fn head(method: &str, step: &Step) -> String {
    let token = step.operand(0).unwrap_or("node:3600");
    format!(
        "POST /connectrpc.v1.snaptun/{method} HTTP/1.1\r\n\
         content-type: application/proto\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    )
}

/// The body of an assignment; the operands behind the token are the addresses, without ISD-AS.
fn wanted(step: &Step) -> Result<Vec<u8>, Failure> {
    let ranges = step.text.split(',').skip(1);
    let request = AddressAssignRequest {
        requested_addresses: ranges
            .map(|text| address(text).map(|a| AddressRange::from(&a)))
            .collect::<Result<_, _>>()?,
    };
    Ok(request.encode_to_vec())
}

/// An answer as its head, line by line, and its body in hexadecimal digits.
fn answer(bytes: &[u8]) -> Value {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let (head, body) = end.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 4..]));
    let lines: Vec<_> = std::str::from_utf8(head)
        .unwrap_or("?")
        .split("\r\n")
        .collect();
    json!({ "answer": lines[0], "headers": lines[1..], "body": hex(body) })
}

fn unescape(text: &str) -> String {
    [("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\0", "\0"), ("\\e", "é")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn unhex(text: &str) -> Result<Vec<u8>, Failure> {
    (0..text.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(text.get(at..at + 2).ok_or("odd")?, 16)?))
        .collect()
}
