//! Which addresses a client's server may have (`docs/security.md` H9).
//!
//! A client names its server, and may change the address behind that name at any time. So the address is checked
//! when the call connects: [`Names`] checks every address that it returns, and the call connects only to those.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver};
use ipnet::{Ipv4Net, Ipv6Net};
use thiserror::Error;
use url::{Host, Url};

/// Why an address is not called.
#[derive(Debug, Error)]
pub enum Refused {
    /// It leads, or may lead, into our own network.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// The call would not be encrypted.
    #[error("the address is not https")]
    InTheClear,
}

/// The IPv4 blocks that are not the public Internet: the IANA special-purpose registry.
const NOT_PUBLIC_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),       // this host
    v4([10, 0, 0, 0], 8),      // private
    v4([100, 64, 0, 0], 10),   // behind a carrier's NAT
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link-local, and the cloud's metadata
    v4([172, 16, 0, 0], 12),   // private
    v4([192, 0, 0, 0], 24),    // protocol assignments
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 88, 99, 0], 24),  // 6to4 relays, gone
    v4([192, 168, 0, 0], 16),  // private
    v4([198, 18, 0, 0], 15),   // benchmarks
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 4),     // multicast
    v4([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// The whole public IPv6 Internet.
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0], 3);

/// The blocks in it that are not public.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0], 23),     // protocol assignments, with Teredo's IPv4 inside
    v6([0x2001, 0xdb8], 32), // documentation
    v6([0x2002, 0], 16),     // 6to4, with any IPv4 inside
    v6([0x3fff, 0], 20),     // documentation
];

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([first, second]: [u16; 2], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

/// Whether an address belongs to the public Internet. IPv6 forms of IPv4 (mapped, compatible, NAT64, 6to4, Teredo)
/// do not count, even with a public address inside, because a server has an address of its own.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|block| block.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|block| block.contains(&address))
        }
    }
}

/// How far calls may reach.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Whether calls may reach the own machine, over http too. For local runs.
    pub loopback: bool,
}

impl Reach {
    /// Checks what can be checked before a name is looked up: the scheme, and an IP address in the URL, for which
    /// no look-up follows.
    ///
    /// # Errors
    /// Says what is wrong with the address.
    pub fn judge(self, url: &Url) -> Result<(), Refused> {
        if url.scheme() != "https" && !self.loopback {
            return Err(Refused::InTheClear);
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.admit(address.into()),
            Some(Host::Ipv6(address)) => self.admit(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    fn admit(self, address: IpAddr) -> Result<(), Refused> {
        let in_reach = is_public(address) || (self.loopback && address.is_loopback());
        if in_reach { Ok(()) } else { Err(Refused::NotPublic(address)) }
    }
}

/// Looks names up and returns only addresses in reach. A name with even one address out of reach is refused as a
/// whole: such a name is a mistake or an attack.
#[derive(Clone, Debug)]
pub struct Names {
    source: SharedDnsResolver,
    reach: Reach,
}

impl Names {
    /// Looks names up in `source`.
    #[must_use]
    pub const fn new(source: SharedDnsResolver, reach: Reach) -> Self {
        Self { source, reach }
    }
}

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let addresses = self.source.resolve_dns(name).await?;
            for address in &addresses {
                self.reach.admit(*address).map_err(ResolveDnsError::new)?;
            }
            Ok(addresses)
        })
    }
}

/// Looks names up as the system does.
#[derive(Debug)]
pub struct SystemNames;

impl ResolveDns for SystemNames {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // H9
    #[test]
    fn only_the_public_internet_is_public() {
        let closed = "\
             0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 \
             127.255.255.255 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 \
             192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 \
             198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
             :: ::1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:8.8.8.8 \
             64:ff9b::8.8.8.8 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 \
             2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 \
             2001:db8::1 2002::1 2002:7f00:1:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 \
             fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1";
        for address in closed.split(' ') {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let open = "\
             1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
             169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 \
             192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 203.0.114.0 \
             223.255.255.255 2000::1 2001:200::1 2001:db7::1 2001:4860:4860::8888 2003::1 2406:da00::1 \
             2606:4700::1111 3ffe::1";
        for address in open.split(' ') {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    // H9
    #[test]
    fn a_written_address_is_judged_however_it_is_written() {
        let nowhere = Reach { loopback: false };
        let written = [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/",
            "https://[fd00:ec2::254]/",
            "https://10.0.0.1:8443/",
            "https://①②⑦.0.0.1/",
        ];
        for url in written {
            let judged = nowhere.judge(&Url::parse(url).unwrap());
            assert!(matches!(judged, Err(Refused::NotPublic(_))), "{url}");
        }
        assert!(nowhere.judge(&Url::parse("https://8.8.8.8/").unwrap()).is_ok());
        assert!(nowhere.judge(&Url::parse("https://hooks.example/").unwrap()).is_ok());
    }

    // H9
    #[test]
    fn the_own_machine_is_all_a_local_run_adds() {
        let local = Reach { loopback: true };
        for url in ["http://127.0.0.1:1/", "http://[::1]/", "https://127.9.9.9/", "http://localhost/"] {
            assert!(local.judge(&Url::parse(url).unwrap()).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://169.254.169.254/", "http://0.0.0.0/", "http://[::]/"] {
            assert!(local.judge(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        let nowhere = Reach { loopback: false };
        let clear = nowhere.judge(&Url::parse("http://localhost/").unwrap());
        assert!(matches!(clear, Err(Refused::InTheClear)));
    }

    #[derive(Debug)]
    struct Says(Vec<&'static str>);

    impl ResolveDns for Says {
        fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
            DnsFuture::ready(Ok(self.0.iter().map(|address| address.parse().unwrap()).collect()))
        }
    }

    // H9
    #[tokio::test]
    async fn one_private_address_spoils_the_name() {
        let names = |addresses: &[&'static str]| {
            let source = SharedDnsResolver::new(Says(addresses.to_vec()));
            Names::new(source, Reach { loopback: false })
        };
        assert!(names(&["8.8.8.8", "2606:4700::1111"]).resolve_dns("x").await.is_ok());
        for spoilt in [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["8.8.8.8", "::ffff:8.8.8.8"]] {
            assert!(names(&spoilt).resolve_dns("x").await.is_err(), "{spoilt:?}");
        }
    }
}
