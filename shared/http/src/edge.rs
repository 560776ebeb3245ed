//! Where a caller is, when an edge stands in front of the API.
//!
//! Behind an edge the connection comes from the edge. What the edge says of its caller replaces the address that API Gateway
//! saw, but only where the edge proves itself by a secret; so limits, networks and the audit see the caller. A call that does
//! not come through the edge is refused, because a caller that goes round the edge goes round everything that it filters.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lambda_http::request::RequestContext;
use saoma_app::{
    Service,
    edge::{EDGE_SECRET, Edge},
};

use crate::Problem;

/// `CloudFront`'s header, which ends in the caller's port. An IPv6 address stands there without brackets.
const VIEWER_ADDRESS: &str = "cloudfront-viewer-address";

/// Why a call did not come through the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotThroughTheEdge(&'static str);

const NO_SECRET: NotThroughTheEdge = NotThroughTheEdge("the edge's secret is missing or not good");
const NO_ADDRESS: NotThroughTheEdge =
    NotThroughTheEdge("the edge proved itself, but names no address that can be read");

/// Puts the caller's address where handlers look for it. It stands before everything that asks for the address.
pub(crate) async fn take_address(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(edge) = &service.settings.edge {
        let said = address(edge, request.headers());
        match said {
            Ok(address) => set_source(&mut request, address),
            Err(why) => {
                request.extensions_mut().insert(why);
            }
        }
    }
    next.run(request).await
}

/// Refuses a call that did not come through the edge.
pub(crate) async fn refuse_others(request: Request, next: Next) -> Response {
    let Some(NotThroughTheEdge(why)) = request.extensions().get() else { return next.run(request).await };
    let problem =
        Problem::new(StatusCode::FORBIDDEN, "edge_required", "Call the service at its public address.");
    Problem { cause: Some((*why).to_owned()), ..problem }.into_response()
}

fn address(edge: &Edge, headers: &HeaderMap) -> Result<IpAddr, NotThroughTheEdge> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !text(EDGE_SECRET).is_some_and(|secret| edge.is_proved_by(secret)) {
        return Err(NO_SECRET);
    }
    let said = text(&edge.address_header).and_then(|said| read_address(&edge.address_header, said));
    said.ok_or(NO_ADDRESS)
}

fn read_address(header: &str, said: &str) -> Option<IpAddr> {
    let said = said.trim();
    let ip = match header {
        // Without its port, an address of IPv6 would still read as one: another.
        VIEWER_ADDRESS => said.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok())?.0,
        _ => said,
    };
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    ip.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn set_source(request: &mut Request, address: IpAddr) {
    if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut::<RequestContext>()
    {
        context.http.source_ip = Some(address.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // D6
    #[test]
    fn an_address_is_read_as_its_edge_writes_it() {
        for (header, said, read) in [
            (VIEWER_ADDRESS, "198.51.100.10:46532", Some("198.51.100.10")),
            (VIEWER_ADDRESS, "2001:db8::8a2e:370:46532", Some("2001:db8::8a2e:370")),
            (VIEWER_ADDRESS, "2001:db8::9:9985", Some("2001:db8::9")),
            (VIEWER_ADDRESS, "[2001:db8::9]:9985", Some("2001:db8::9")),
            (VIEWER_ADDRESS, "::ffff:192.0.2.7:80", Some("192.0.2.7")),
            (VIEWER_ADDRESS, "198.51.100.10", None),
            (VIEWER_ADDRESS, "198.51.100.10:65536", None),
            (VIEWER_ADDRESS, "198.51.100.10:1,192.0.2.1:2", None),
            (VIEWER_ADDRESS, ":80", None),
            (VIEWER_ADDRESS, "", None),
            ("cf-connecting-ip", "198.51.100.10", Some("198.51.100.10")),
            ("cf-connecting-ip", " 2001:db8::9:9985 ", Some("2001:db8::9:9985")),
            ("cf-connecting-ip", "198.51.100.10, 192.0.2.1", None),
            ("cf-connecting-ip", "198.51.100.10:80", None),
            ("cf-connecting-ip", "unknown", None),
        ] {
            let expected = read.map(|read| read.parse().unwrap());
            assert_eq!(read_address(header, said), expected, "{header}: {said}");
        }
    }
}
