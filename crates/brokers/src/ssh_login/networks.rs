//! Networks in CIDR form, as sshd takes them in `source-address`: it refuses a certificate altogether when one is wrong, so
//! they are read strictly when they are set.

use std::net::IpAddr;

/// The network in the form that sshd reads: an address without a length gets its whole length.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let wrong =
        |why: &str| format!("`source_addresses`: `{text}` {why}, write for instance `10.1.0.0/16` or `2001:db8::/32`");
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().map_err(|_| wrong("is not a network"))?;
    let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => bits,
        Some(length) => {
            length.parse().ok().filter(|&length| length <= bits).ok_or_else(|| wrong("is not a network"))?
        }
    };
    if has_host_bits(address, bits - length) {
        return Err(wrong("names a host inside its network"));
    }
    Ok(format!("{address}/{length}"))
}

/// Whether any of the lowest bits is set.
fn has_host_bits(address: IpAddr, low: u32) -> bool {
    let number = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let mask = 1_u128.checked_shl(low).map_or(u128::MAX, |power| power - 1);
    number & mask != 0
}
