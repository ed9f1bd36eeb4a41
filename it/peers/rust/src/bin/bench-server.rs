//! The rival of our server in the benchmark: the original's server, which takes every token, gives
//! one address, echoes every packet, and says nothing of that.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ipnet::IpNet;
use penstock_peers::{
    Failure,
    addresses::ISD_AS,
    arguments::Arguments,
    peer::{self, say},
    quic,
};
use scion_proto::address::{EndhostAddr, IsdAsn};
use scion_sdk_observability::metrics::registry::MetricsRegistry;
use scion_sdk_token_validator::validator::{Token, TokenValidator, TokenValidatorError};
use serde::Deserialize;
use serde_json::json;
use snap_tun::{
    AddressAllocation, AddressAllocationError, AddressAllocationId, AddressAllocator,
    metrics::Metrics, server::Server,
};

const SESSION: Duration = Duration::from_secs(7200);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 64, 0, 2));

fn main() {
    let flags = [&quic::FLAGS[..], &["listen"]].concat();
    peer::run(&flags, serve);
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let mut transport = quic::transport(&arguments)?;
    quic::keep_path(&mut transport);
    let (endpoint, _) = quic::server(arguments.address("listen", "127.0.0.1:0")?, transport)?;
    let server = Arc::new(Server::new(
        Arc::new(OneAddress),
        Arc::new(EveryTokenIsGood),
        Metrics::new(&MetricsRegistry::new()),
    ));
    say(json!({ "listening": endpoint.local_addr()?.to_string() }));
    while let Some(incoming) = endpoint.accept().await {
        let server = server.clone();
        tokio::spawn(async move {
            if let Ok(connection) = incoming.await {
                echo(&server, connection).await;
            }
        });
    }
    Ok(())
}

async fn echo(server: &Server<AnyToken>, connection: quinn::Connection) {
    let Ok((sender, receiver, control)) = server.accept_with_timeout(connection).await else {
        return;
    };
    tokio::spawn(control);
    while let Ok(packet) = receiver.receive().await {
        let _ = sender.send(packet);
    }
}

#[derive(Clone, Debug, Deserialize)]
struct AnyToken {
    exp: u64,
}

impl Token for AnyToken {
    fn id(&self) -> String {
        "any".to_owned()
    }

    fn exp_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.exp)
    }

    fn required_claims() -> Vec<&'static str> {
        vec!["exp"]
    }
}

struct EveryTokenIsGood;

impl TokenValidator<AnyToken> for EveryTokenIsGood {
    fn validate(&self, now: SystemTime, _: &str) -> Result<AnyToken, TokenValidatorError> {
        let since_epoch = now.duration_since(UNIX_EPOCH).expect("a clock after 1970");
        Ok(AnyToken {
            exp: (since_epoch + SESSION).as_secs(),
        })
    }
}

struct OneAddress;

impl AddressAllocator<AnyToken> for OneAddress {
    fn allocate(
        &self,
        _: IsdAsn,
        _: IpNet,
        claims: AnyToken,
    ) -> Result<AddressAllocation, AddressAllocationError> {
        Ok(AddressAllocation {
            id: AddressAllocationId {
                isd_as: ISD_AS,
                id: claims.id(),
            },
            address: EndhostAddr::new(ISD_AS, ADDRESS),
        })
    }

    fn put_on_hold(&self, _: AddressAllocationId) -> bool {
        true
    }

    fn deallocate(&self, _: AddressAllocationId) -> bool {
        true
    }
}
