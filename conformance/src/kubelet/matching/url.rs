//! Go's `url.Parse` on `https://` and `http://` URLs, as far as host and path go.
//!
//! Upstream: Go's package [`net/url`](https://pkg.go.dev/net/url#Parse), and `SplitHostPort` of
//! [`net`](https://pkg.go.dev/net#SplitHostPort).

use thiserror::Error;

use super::ip;
use crate::kubelet::go_text::{quoted, quoted_bytes};

/// Which Go: what it makes of brackets and colons in host names changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GoVersion {
    /// Up to Go 1.24.7 and 1.25.1: brackets may hold anything.
    Go1_19,
    /// From Go 1.24.8 and 1.25.2: what is in the last brackets must be an IPv6 address, and a text before it is dropped.
    #[default]
    Go1_24_8,
    /// From Go 1.25.8 and 1.26.1: an address must begin the host, <https://go.dev/issue/77578>.
    Go1_25_8,
    /// From Go 1.26 in modules that ask for it: as well, only one colon may follow, <https://go.dev/issue/75223>.
    Go1_26,
}

/// A text that does not parse; the words are Go's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("parse {}: {problem}", quoted(url))]
pub struct UrlError {
    url: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Problem {
    #[error("net/url: invalid control character in URL")]
    ControlCharacter,
    #[error("invalid URL escape {}", quoted_bytes(.0))]
    Escape(Vec<u8>),
    #[error("invalid character {} in host name", quoted(&char::from(*.0).to_string()))]
    HostCharacter(u8),
    #[error("invalid port {} after host", quoted(.0))]
    Port(String),
    #[error("missing ']' in host")]
    MissingBracket,
    #[error("invalid IP-literal")]
    IpLiteral,
    #[error("invalid host: {} is no IPv6 address", quoted(.0))]
    Address(String),
    #[error("net/url: invalid userinfo")]
    UserInfo,
}

/// Host, with its port, and path; both decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubelet) struct Url {
    pub(in crate::kubelet) host: Vec<u8>,
    pub(in crate::kubelet) path: Vec<u8>,
}

impl Url {
    /// Parses a URL that begins with `https://` or `http://`.
    pub(in crate::kubelet) fn parse(text: &str, go: GoVersion) -> Result<Self, UrlError> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let about = |url: &str| {
            let url = url.to_owned();
            move |problem| UrlError { url, problem }
        };
        let parsed = parts(url, go).map_err(about(url))?;
        decoded(fragment.as_bytes(), Part::Other).map_err(about(text))?;
        Ok(parsed)
    }
}

fn parts(url: &str, go: GoVersion) -> Result<Url, Problem> {
    if url.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Problem::ControlCharacter);
    }
    let rest = url.split_once("//").map_or("", |(_scheme, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let host = parse_host(host.as_bytes(), go)?;
    user.map_or(Ok(()), user_info)?;
    Ok(Url { host, path: decoded(path.as_bytes(), Part::Other)? })
}

/// Which part of a URL is decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Escapes stand for bytes beyond ASCII only; some characters may not be there at all.
    Host,
    /// The zone of an address: an escape stands for what could be there unescaped, or for a space.
    Zone,
    /// Path, user, password, fragment.
    Other,
}

fn user_info(text: &str) -> Result<(), Problem> {
    let is_fit = |it: char| it.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(it);
    if !text.chars().all(is_fit) {
        return Err(Problem::UserInfo);
    }
    // A colon is no part of an escape, so that the first bad escape is found as in name and password apart, except that
    // an escape does not go on after a colon.
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    decoded(name.as_bytes(), Part::Other)?;
    decoded(password.as_bytes(), Part::Other).map(|_password| ())
}

fn parse_host(host: &[u8], go: GoVersion) -> Result<Vec<u8>, Problem> {
    let open = host.iter().rposition(|byte| *byte == b'[');
    match (go, open) {
        (GoVersion::Go1_19, _) if host.first() == Some(&b'[') => any_bracketed(host),
        (GoVersion::Go1_24_8, Some(open)) | (GoVersion::Go1_25_8 | GoVersion::Go1_26, Some(open @ 0)) => {
            bracketed(host, open)
        }
        (GoVersion::Go1_25_8 | GoVersion::Go1_26, Some(_)) => Err(Problem::IpLiteral),
        _ => plain(host, go),
    }
}

/// A host without address in brackets: what follows its colon is a port.
fn plain(host: &[u8], go: GoVersion) -> Result<Vec<u8>, Problem> {
    let mut colons = host.iter();
    let colon = match go {
        GoVersion::Go1_26 => colons.position(|byte| *byte == b':'),
        GoVersion::Go1_19 | GoVersion::Go1_24_8 | GoVersion::Go1_25_8 => colons.rposition(|byte| *byte == b':'),
    };
    colon.map_or(Ok(()), |colon| port(&host[colon..]))?;
    decoded(host, Part::Host)
}

/// An address in brackets, and its port.
fn bracketed(host: &[u8], open: usize) -> Result<Vec<u8>, Problem> {
    let close = closing(host)?;
    let port = decoded(&host[close + 1..], Part::Host)?;
    // A bracket that closes before the last one opens is no address.
    let inner = host.get(open + 1..close).unwrap_or_default();
    let zone = zone(inner);
    let mut address = decoded(&inner[..zone], Part::Host)?;
    address.extend(decoded(&inner[zone..], Part::Zone)?);
    if ip::is_v6(&address) {
        return Ok([b"[", address.as_slice(), b"]", &port].concat());
    }
    let is_v4 = std::str::from_utf8(&address).is_ok_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
    Err(if is_v4 { Problem::IpLiteral } else { Problem::Address(shown(&address)) })
}

/// Anything in brackets, and a port.
fn any_bracketed(host: &[u8]) -> Result<Vec<u8>, Problem> {
    let close = closing(host)?;
    let zone = zone(&host[..close]);
    if zone == close {
        return decoded(host, Part::Host);
    }
    let mut whole = decoded(&host[..zone], Part::Host)?;
    whole.extend(decoded(&host[zone..close], Part::Zone)?);
    whole.extend(decoded(&host[close..], Part::Host)?);
    Ok(whole)
}

fn closing(host: &[u8]) -> Result<usize, Problem> {
    let close = host.iter().rposition(|byte| *byte == b']').ok_or(Problem::MissingBracket)?;
    port(&host[close + 1..]).map(|()| close)
}

/// Where a zone begins, with its escaped percent sign: RFC 6874, section 2.
fn zone(host: &[u8]) -> usize {
    host.windows(3).position(|window| window == b"%25").unwrap_or(host.len())
}

fn port(text: &[u8]) -> Result<(), Problem> {
    match text {
        [] => Ok(()),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        _ => Err(Problem::Port(shown(text))),
    }
}

fn decoded(text: &[u8], part: Part) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match first {
            b'%' => escape(rest, part)?,
            byte if part != Part::Other && byte.is_ascii() && !is_host_byte(*byte) => {
                return Err(Problem::HostCharacter(*byte));
            }
            byte => (*byte, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    Ok(bytes)
}

/// Reads the escape that a text begins with.
fn escape(text: &[u8], part: Part) -> Result<(u8, &[u8]), Problem> {
    let bad = || Problem::Escape(text[..text.len().min(3)].to_vec());
    let digits = text.get(1..3).ok_or_else(bad)?;
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = digit(digits[0]).zip(digit(digits[1])).map(|(high, low)| high << 4 | low).ok_or_else(bad)?;
    let is_fit = match part {
        Part::Host => !byte.is_ascii() || byte == b'%',
        Part::Zone => matches!(byte, b'%' | b' ') || is_host_byte(byte),
        Part::Other => true,
    };
    if is_fit { Ok((byte, &text[3..])) } else { Err(bad()) }
}

/// What a host may hold unescaped, beside bytes beyond ASCII.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$&'()*+,;=:[]<>\"-_.~".contains(&byte)
}

/// Splits a host from its port; one that does not split is a host without port.
pub(super) fn split_host_port(text: &[u8]) -> (&[u8], &[u8]) {
    try_split(text).unwrap_or((text, b""))
}

fn try_split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    let Some(inner) = host.strip_prefix(b"[") else {
        let is_fit = !host.contains(&b':') && !text.iter().any(|byte| matches!(byte, b'[' | b']'));
        return is_fit.then_some((host, port));
    };
    // The first closing bracket is followed by the last colon, and no bracket is anywhere else.
    let close = inner.iter().position(|byte| *byte == b']')?;
    let is_fit = close + 1 == inner.len() && !inner.contains(&b'[') && !port.iter().any(|it| matches!(it, b'[' | b']'));
    is_fit.then_some((&inner[..close], port))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, go: GoVersion) -> Result<(String, String), String> {
        let url = Url::parse(&format!("https://{text}"), go).map_err(|error| error.to_string())?;
        Ok((shown(&url.host), shown(&url.path)))
    }

    #[test]
    fn host_and_path_are_decoded_and_all_else_is_cut() {
        let go = GoVersion::default();
        let both = |host: &str, path: &str| Ok((host.to_owned(), path.to_owned()));
        assert_eq!(parsed("u:p@r.io:5/a%2fb?x#y", go), both("r.io:5", "/a/b"));
        assert_eq!(parsed("r%c3%a9.io", go), both("ré.io", ""));
        assert_eq!(parsed("[fe80::1%25eth0]:5/x", go), both("[fe80::1%eth0]:5", "/x"));
        assert_eq!(parsed("https://r.io", go), both("https:", "//r.io"));
    }

    #[test]
    fn errors_have_gos_words() {
        let error = |text: &str| parsed(text, GoVersion::default()).unwrap_err();
        assert_eq!(error("%invalid%"), "parse \"https://%invalid%\": invalid URL escape \"%in\"");
        assert_eq!(error("r.io:*"), "parse \"https://r.io:*\": invalid port \":*\" after host");
        assert_eq!(error("r\t.io"), "parse \"https://r\\t.io\": net/url: invalid control character in URL");
        assert_eq!(error(" r.io"), "parse \"https:// r.io\": invalid character \" \" in host name");
        assert_eq!(error("[::1"), "parse \"https://[::1\": missing ']' in host");
        assert_eq!(error("[1.2.3.4]"), "parse \"https://[1.2.3.4]\": invalid IP-literal");
        assert_eq!(error("u u@r.io"), "parse \"https://u u@r.io\": net/url: invalid userinfo");
    }

    #[test]
    fn brackets_and_colons_are_read_as_each_go_reads_them() {
        let all = [GoVersion::Go1_19, GoVersion::Go1_24_8, GoVersion::Go1_25_8, GoVersion::Go1_26];
        let hosts = |text: &str| all.map(|go| parsed(text, go).ok().map(|(host, _path)| host));
        let some = |host: &str| Some(host.to_owned());
        assert_eq!(hosts("[::1]:5"), [some("[::1]:5"), some("[::1]:5"), some("[::1]:5"), some("[::1]:5")]);
        assert_eq!(hosts("r[a-f]x.io"), [some("r[a-f]x.io"), None, None, None]);
        assert_eq!(hosts("a[::1]:5"), [some("a[::1]:5"), some("[::1]:5"), None, None]);
        assert_eq!(hosts("a:b:5"), [some("a:b:5"), some("a:b:5"), some("a:b:5"), None]);
    }

    #[test]
    fn a_host_that_does_not_split_has_no_port() {
        let split = |text: &'static str| {
            let (host, port) = split_host_port(text.as_bytes());
            (shown(host), shown(port))
        };
        let both = |host: &str, port: &str| (host.to_owned(), port.to_owned());
        assert_eq!(split("r.io"), both("r.io", ""));
        assert_eq!(split("r.io:"), both("r.io", ""));
        assert_eq!(split("r.io:5"), both("r.io", "5"));
        assert_eq!(split("[::1]:5"), both("::1", "5"));
        assert_eq!(split("[::1]"), both("[::1]", ""));
        assert_eq!(split("::1"), both("::1", ""));
        assert_eq!(split("a:b:5"), both("a:b:5", ""));
        assert_eq!(split("[a]b:5"), both("[a]b:5", ""));
    }
}
