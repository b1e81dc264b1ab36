//! Where a request comes from: the same-origin check against forged requests, and the address behind a proxy.
//!
//! Browsers say with every state-changing request which site it comes from (`Sec-Fetch-Site`, W3C Fetch Metadata;
//! `Origin`, RFC 6454). A cookie is believed only where that is this site.

use axum::http::{HeaderMap, header};
use std::net::{IpAddr, SocketAddr};

/// Returns whether the browser says that the request comes from a page of this site.
pub fn is_same_origin(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return false };
    if let Some(url) = public_url
        && origin.eq_ignore_ascii_case(url.trim_end_matches('/'))
    {
        return true;
    }
    let Some((_, host)) = origin.split_once("://") else { return false };
    text(header::HOST.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(host))
}

/// Returns whether a browser says that the request comes from another site; a program that is no browser says nothing.
pub fn is_foreign(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let from_browser = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    from_browser && !is_same_origin(headers, public_url)
}

/// Returns the address to count tries by. Behind a proxy (a public URL is set, the peer is on this machine or its private
/// network) it is the last that the proxy added to `X-Forwarded-For`; what stands before it anybody could have written.
pub fn client_address(peer: SocketAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    let peer = peer.ip().to_canonical();
    if !(behind_proxy && is_near(peer)) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    last.and_then(|list| list.rsplit(',').next()).and_then(|text| text.trim().parse().ok()).unwrap_or(peer)
}

fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        list.iter().map(pair).collect()
    }

    #[test]
    fn fetch_metadata_decides_where_it_is_sent() {
        assert!(is_same_origin(&headers(&[("sec-fetch-site", "same-origin")]), None));
        for site in ["cross-site", "same-site", "none"] {
            let headers = headers(&[("sec-fetch-site", site), ("origin", "http://a"), ("host", "a")]);
            assert!(!is_same_origin(&headers, None), "{site}");
            assert!(is_foreign(&headers, None), "{site}");
        }
    }

    #[test]
    fn the_origin_must_be_the_host_or_the_public_url() {
        let own = headers(&[("origin", "http://127.0.0.1:8109"), ("host", "127.0.0.1:8109")]);
        assert!(is_same_origin(&own, None));
        let other = headers(&[("origin", "http://evil.example"), ("host", "127.0.0.1:8109")]);
        assert!(!is_same_origin(&other, None));
        let proxied = headers(&[("origin", "https://109.example.kz"), ("host", "10.0.0.5:8109")]);
        assert!(is_same_origin(&proxied, Some("https://109.example.kz/")));
        assert!(!is_same_origin(&proxied, None));
        assert!(!is_same_origin(&headers(&[("origin", "null"), ("host", "a")]), None));
        assert!(!is_same_origin(&headers(&[("host", "a")]), None), "silence proves nothing");
        assert!(!is_foreign(&headers(&[("host", "a")]), None), "a program is no forged page");
    }

    #[test]
    fn only_a_near_proxy_is_believed() {
        let forwarded = headers(&[("x-forwarded-for", "203.0.113.9, 198.51.100.4")]);
        let near: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let far: SocketAddr = "192.0.2.1:1".parse().unwrap();
        assert_eq!(client_address(near, &forwarded, true).to_string(), "198.51.100.4");
        assert_eq!(client_address(near, &forwarded, false).to_string(), "127.0.0.1");
        assert_eq!(client_address(far, &forwarded, true).to_string(), "192.0.2.1");
        let broken = headers(&[("x-forwarded-for", "unknown")]);
        assert_eq!(client_address(near, &broken, true).to_string(), "127.0.0.1");
    }
}
