//! The allocator of the tests: gives what is asked for, `10.0.0.N` or `fd00::N` for any, and refuses
//! those that it was told to refuse.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
};

use ipnet::IpNet;
use scion_proto::address::{Asn, EndhostAddr, Isd, IsdAsn};
use scion_sdk_token_validator::validator::Token;
use serde_json::json;
use snap_tun::{
    AddressAllocation, AddressAllocationError, AddressAllocationId, AddressAllocator,
    IPV4_WILDCARD, IPV6_WILDCARD,
};

use crate::{Failure, peer::say, tokens::Claims};

/// The ISD-AS of every address: 1-ff00:0:110.
pub const ISD_AS: IsdAsn = IsdAsn::new(Isd(1), Asn::new(0xff00_0000_0110));

/// Hands addresses out, and tells of each.
pub struct Pool {
    refused: Vec<IpAddr>,
    last: AtomicU32,
}

impl Pool {
    /// `0.0.0.0` or `::` among those refused is any of that family.
    pub fn refusing(refused: &[String]) -> Result<Self, Failure> {
        Ok(Pool {
            refused: refused
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
            last: AtomicU32::new(0),
        })
    }
}

impl AddressAllocator<Claims> for Pool {
    fn allocate(
        &self,
        isd_as: IsdAsn,
        wanted: IpNet,
        claims: Claims,
    ) -> Result<AddressAllocation, AddressAllocationError> {
        if self.refused.contains(&wanted.addr()) {
            return Err(AddressAllocationError::NoAddressesAvailable);
        }
        let next = || self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let given = match wanted {
            IPV4_WILDCARD => Ipv4Addr::from(0x0a00_0000 + next()).into(),
            IPV6_WILDCARD => Ipv6Addr::from((0xfd00_u128 << 112) + u128::from(next())).into(),
            concrete => concrete.addr(),
        };
        say(json!({
            "event": "allocated", "client": claims.id(),
            "wanted": format!("{isd_as},{}", wanted.addr()), "given": given.to_string(),
        }));
        Ok(AddressAllocation {
            id: AddressAllocationId {
                isd_as,
                id: claims.id(),
            },
            address: EndhostAddr::new(ISD_AS, given),
        })
    }

    fn put_on_hold(&self, id: AddressAllocationId) -> bool {
        say(json!({ "event": "held", "client": id.id }));
        true
    }

    fn deallocate(&self, _: AddressAllocationId) -> bool {
        true
    }
}

/// Reads `1-ff00:0:110,192.168.0.1`; the part before the comma may be left out.
pub fn address(text: &str) -> Result<EndhostAddr, Failure> {
    match text.split_once(',') {
        Some((isd_as, ip)) => Ok(EndhostAddr::new(isd_as.parse()?, ip.parse()?)),
        None => Ok(EndhostAddr::new(ISD_AS, text.parse()?)),
    }
}
