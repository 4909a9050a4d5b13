//! The part of Go's `url.Parse` that the kubelet applies to `"https://" + text`: authority and path.
//!
//! Upstream: Go, package [`net/url`](https://pkg.go.dev/net/url#Parse), and `SplitHostPort` of package `net`,
//! in the versions that kubelet 1.34 and 1.35 are built with (Go 1.24).
//!
//! # Why one rule where Go has several
//!
//! Go 1.26 refuses a host with several colons (`a:b:5000`); these kubelets accept it, and so does this module.
//! Go 1.24 overlooks what stands before the bracket of an IPv6 address (`x[::1]` is `[::1]` to it), which later
//! versions refuse as a security defect; since no image name holds it, so does this module.

use std::net::Ipv6Addr;

use thiserror::Error;

/// Reasons why Go refuses a text as a URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// A byte below 0x20, or 0x7f.
    #[error("it holds a control character")]
    ControlCharacter,
    /// A `%` without two hexadecimal digits, or an escape of something that may not be escaped in a host.
    #[error("`{}` is no valid escape", .0.escape_debug())]
    Escape(String),
    /// A character that no host may hold.
    #[error("`{}` is no valid character of a host", .0.escape_debug())]
    HostCharacter(char),
    /// What follows the host is no number.
    #[error("`{}` is no valid port", .0.escape_debug())]
    Port(String),
    /// A `[` without its `]`.
    #[error("a `[` has no `]`")]
    OpenBracket,
    /// Brackets around anything but an IPv6 address, or not at the start of the host.
    #[error("brackets hold an IPv6 address and stand at the start, nothing else")]
    IpLiteral,
    /// A character before `@` that no user name or password may hold.
    #[error("what stands before `@` is no valid user information")]
    UserInformation,
}

/// Host (with its port) and path of a parsed URL, both decoded, so not necessarily UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GoUrl {
    host: Vec<u8>,
    path: Vec<u8>,
}

impl GoUrl {
    /// Parses `text` as Go parses `"https://" + text`.
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(UrlError::ControlCharacter);
        }
        let (text, _query) = text.split_once('?').unwrap_or((text, ""));
        let (authority, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        let host = parse_authority(authority)?;
        let path = unescape(path, Part::Other)?;
        unescape(fragment, Part::Other)?;
        Ok(Self { host, path })
    }

    /// The decoded host with its port.
    pub(super) fn host(&self) -> &[u8] {
        &self.host
    }

    /// The decoded path: empty, or beginning with `/`.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// The host and the port, which is empty when there is none; only with a port does an IPv6 address lose its brackets.
    pub(super) fn host_and_port(&self) -> (&[u8], &[u8]) {
        split_host_port(&self.host).unwrap_or((&self.host, b""))
    }
}

/// Go's `net.SplitHostPort`; `None` is any of its errors.
fn split_host_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().rposition(|&byte| byte == b':')?;
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    let host = match host.strip_prefix(b"[") {
        Some(bracketed) => bracketed.strip_suffix(b"]")?,
        None if host.contains(&b':') => return None,
        None => host,
    };
    let stray_bracket = host.iter().chain(port).any(|byte| b"[]".contains(byte));
    (!stray_bracket).then_some((host, port))
}

fn parse_authority(authority: &str) -> Result<Vec<u8>, UrlError> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return parse_host(authority);
    };
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(character);
    if !user.chars().all(allowed) {
        return Err(UrlError::UserInformation);
    }
    unescape(user, Part::Other)?;
    parse_host(host)
}

fn parse_host(host: &str) -> Result<Vec<u8>, UrlError> {
    match host.rfind('[') {
        Some(0) => parse_ip_literal(&host[1..]),
        Some(_) => Err(UrlError::IpLiteral),
        None => {
            optional_port(host.rfind(':').map_or("", |colon| &host[colon..]))?;
            unescape(host, Part::Host)
        }
    }
}

/// Parses what follows the `[`: an address, perhaps a zone (RFC 6874, `%25` before it), `]`, perhaps a port.
fn parse_ip_literal(text: &str) -> Result<Vec<u8>, UrlError> {
    let (name, port) = text.rsplit_once(']').ok_or(UrlError::OpenBracket)?;
    let port = optional_port(port)?;
    let (address, zone) = name.split_at(name.find("%25").unwrap_or(name.len()));
    let mut host = b"[".to_vec();
    host.extend(unescape(address, Part::Host)?);
    host.extend(unescape(zone, Part::Zone)?);
    if !is_ipv6(&host[1..]) {
        return Err(UrlError::IpLiteral);
    }
    host.push(b']');
    host.extend_from_slice(port.as_bytes());
    Ok(host)
}

/// Whether a text is an IPv6 address, with a zone or without.
fn is_ipv6(text: &[u8]) -> bool {
    let mut parts = text.splitn(2, |&byte| byte == b'%');
    let address = parts.next().and_then(|address| str::from_utf8(address).ok());
    let zone = parts.next();
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()) && zone != Some(b"")
}

/// The text itself when it is empty or a colon with decimal digits, or with none.
fn optional_port(text: &str) -> Result<&str, UrlError> {
    let digits = text.strip_prefix(':').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && (text.is_empty() || text.starts_with(':')) {
        Ok(text)
    } else {
        Err(UrlError::Port(text.to_owned()))
    }
}

/// The part of a URL that an escape stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    Other,
}

impl Part {
    fn admits(self, byte: u8) -> bool {
        self == Self::Other || !byte.is_ascii() || is_host_byte(byte)
    }

    /// In a host only bytes outside ASCII may be escaped, in a zone only bytes that could stand there as they are
    /// and the space; `%25` may stand in both.
    fn admits_escape_of(self, byte: u8) -> bool {
        match self {
            Self::Host => byte == b'%' || !byte.is_ascii(),
            Self::Zone => byte == b'%' || byte == b' ' || is_host_byte(byte),
            Self::Other => true,
        }
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn unescape(text: &str, part: Part) -> Result<Vec<u8>, UrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        if *byte == b'%' {
            decoded.push(unescape_one(rest, part)?);
            rest = &rest[3..];
        } else if part.admits(*byte) {
            decoded.push(*byte);
            rest = after;
        } else {
            return Err(UrlError::HostCharacter(char::from(*byte)));
        }
    }
    Ok(decoded)
}

/// Decodes the escape that `text` begins with.
fn unescape_one(text: &[u8], part: Part) -> Result<u8, UrlError> {
    let escape = &text[..text.len().min(3)];
    let refused = || UrlError::Escape(String::from_utf8_lossy(escape).into_owned());
    let [_, high, low] = escape else {
        return Err(refused());
    };
    let byte = hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low);
    byte.filter(|byte| part.admits_escape_of(*byte)).ok_or_else(refused)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, String, String) {
        let url = GoUrl::parse(text).unwrap();
        let (host, port) = url.host_and_port();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(host), text(port), text(url.path()))
    }

    fn owned(host: &str, port: &str, path: &str) -> (String, String, String) {
        (host.to_owned(), port.to_owned(), path.to_owned())
    }

    #[test]
    fn user_information_query_and_fragment_are_cut() {
        assert_eq!(parsed("user:pw@r.io:5000/a%2fb?x=%zz#y"), owned("r.io", "5000", "/a/b"));
        assert_eq!(parsed("a@b@r.io"), owned("r.io", "", ""));
    }

    #[test]
    fn brackets_are_lost_only_before_a_port() {
        assert_eq!(parsed("[::1]:5000/x"), owned("::1", "5000", "/x"));
        assert_eq!(parsed("[::1]/x"), owned("[::1]", "", "/x"));
        assert_eq!(parsed("[fe80::1%25eth0]:1"), owned("fe80::1%eth0", "1", ""));
        assert_eq!(parsed("[fe80::1%25a%20b]:1"), owned("fe80::1%a b", "1", ""));
        assert_eq!(parsed("[fe80::1%25a]b]:1"), owned("[fe80::1%a]b]:1", "", ""));
    }

    #[test]
    fn several_colons_leave_the_host_whole() {
        assert_eq!(parsed("a:b:5000/x"), owned("a:b:5000", "", "/x"));
        assert_eq!(parsed("a]:5000"), owned("a]:5000", "", ""));
        assert_eq!(parsed("r.io:/x"), owned("r.io", "", "/x"));
    }

    #[test]
    fn what_go_refuses_is_refused_with_its_reason() {
        let cases = [
            ("a\tb", UrlError::ControlCharacter),
            ("a\u{7f}", UrlError::ControlCharacter),
            ("a%4", UrlError::Escape("%4".to_owned())),
            ("a%zz.io", UrlError::Escape("%zz".to_owned())),
            ("regis%74ry.io", UrlError::Escape("%74".to_owned())),
            ("[fe80::1%25a%5c]", UrlError::Escape("%5c".to_owned())),
            ("r.io/%e", UrlError::Escape("%e".to_owned())),
            ("r.io#%", UrlError::Escape("%".to_owned())),
            ("a%@r.io", UrlError::Escape("%".to_owned())),
            ("a b.io", UrlError::HostCharacter(' ')),
            ("a\\b.io", UrlError::HostCharacter('\\')),
            ("r.io:*", UrlError::Port(":*".to_owned())),
            ("[::1]5", UrlError::Port("5".to_owned())),
            ("[::1", UrlError::OpenBracket),
            ("x[::1]:5000", UrlError::IpLiteral),
            ("[127.0.0.1]", UrlError::IpLiteral),
            ("[::1%25]", UrlError::IpLiteral),
            ("[r-s]", UrlError::IpLiteral),
            ("é@r.io", UrlError::UserInformation),
        ];
        for (text, reason) in cases {
            assert_eq!(GoUrl::parse(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_refused_before_the_fragment_only() {
        assert!(GoUrl::parse("r.io#a\tb").is_ok());
        assert!(GoUrl::parse("r.io?a\tb").is_err());
    }

    #[test]
    fn bytes_outside_ascii_may_be_escaped_or_raw() {
        assert_eq!(parsed("r%C3%A9g.io"), parsed("rég.io"));
        assert_eq!(parsed("a%25b.io"), owned("a%b.io", "", ""));
    }
}
