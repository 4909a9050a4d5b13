//! The smallest HTTP client: one request on one connection, the answer read until the server closes it, which a server
//! that keeps connections must be asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, `None` for one that is absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let header = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }
}

/// Sends a request and waits at most ten seconds for the whole answer.
pub(crate) fn send(to: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_send(to, method, target, headers, body, Duration::from_secs(10)).unwrap()
}

/// Sends a request and waits for the whole answer for so long.
pub(crate) fn try_send(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> io::Result<Answer> {
    let (host, length) = (to.to_string(), body.len().to_string());
    let is_given = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = (!is_given).then_some(("Host", host.as_str()));
    let length = (!body.is_empty()).then_some(("Content-Length", length.as_str()));
    let fields = host.into_iter().chain(length).chain(headers.iter().copied());
    let fields: String = fields.flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(format!("{method} {target} HTTP/1.1\r\n{fields}\r\n").as_bytes())?;
    // A server may answer and close before it has read a body that is too long.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(parse(&String::from_utf8_lossy(&answer)))
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (line, fields) = head.split_once("\r\n").unwrap();
    let fields = fields.split("\r\n").map(|field| field.split_once(": ").unwrap());
    Answer {
        status: line.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: fields.map(|(name, value)| (name.into(), value.into())).collect(),
        body: body.into(),
    }
}
