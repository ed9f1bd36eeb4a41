//! How every peer begins, talks and ends.

use std::{io::Read, io::Write, process::exit, time::Duration};

use serde_json::{Value, json};

use crate::{Failure, arguments::Arguments};

/// Reads the command line and does the work; a failure is the last line and exit code 1.
pub fn run<F>(known: &[&str], work: impl FnOnce(Arguments) -> F)
where
    F: Future<Output = Result<(), Failure>>,
{
    let arguments = Arguments::read(known).unwrap_or_else(|e| {
        eprintln!("{e}");
        exit(2);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let limit = arguments.number("max-seconds", 120).unwrap_or(120);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(limit));
        eprintln!("ended after {limit} s");
        exit(1);
    });
    if arguments.has("exit-with-stdin") {
        std::thread::spawn(|| {
            let mut rest = Vec::new();
            let _ = std::io::stdin().read_to_end(&mut rest);
            exit(0);
        });
    }
    if let Err(e) = runtime.block_on(work(arguments)) {
        say(json!({ "error": e.to_string() }));
        exit(1);
    }
    exit(0);
}

/// Prints one line.
pub fn say(line: Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Why a connection was closed, as JSON.
pub fn closing(reason: &quinn::ConnectionError) -> Value {
    match reason {
        quinn::ConnectionError::ApplicationClosed(close) => json!({
            "code": close.error_code.into_inner(),
            "reason": String::from_utf8_lossy(&close.reason),
        }),
        other => json!({ "lost": other.to_string() }),
    }
}

/// Waits for the end of a connection, and tells of it.
pub async fn closed(connection: &quinn::Connection, limit: Duration) -> Value {
    match tokio::time::timeout(limit, connection.closed()).await {
        Ok(reason) => closing(&reason),
        Err(_) => Value::Null,
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
