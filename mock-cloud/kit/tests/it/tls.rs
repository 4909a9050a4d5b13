//! The same mock over TLS.

use std::sync::Arc;

use mock_kit::{Authority, Fault, Kit, Listen, Server, TlsIdentity};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{LOOPBACK, exchange, mock};

async fn start(kit: &Kit, identity: TlsIdentity) -> Server {
    Server::start(mock(), kit, Listen::Tls(LOOPBACK, identity)).await.unwrap()
}

async fn connect(server: &Server, name: &str, trusted: &Authority) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = trusted.certificate_pem().as_bytes();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address()).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served_by_address_and_by_name() {
    let authority = Authority::generate();
    let names = ["127.0.0.1".to_owned(), "mock.test".to_owned()];
    let server = start(&Kit::new(), authority.issue(&names)).await;
    assert!(server.url().starts_with("https://127.0.0.1:"));
    for name in ["127.0.0.1", "mock.test"] {
        let stream = connect(&server, name, &authority).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let reply = exchange(stream, "GET", "/hello", "").await.unwrap();
        assert_eq!(reply.body, "hello, world");
    }
}

#[tokio::test]
async fn a_name_that_the_certificate_lacks_is_refused() {
    let authority = Authority::generate();
    let server = start(&Kit::new(), authority.issue(&["mock.test".into()])).await;
    assert!(connect(&server, "other.test", &authority).await.is_err());
    assert!(connect(&server, "127.0.0.1", &authority).await.is_err());
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    let server = start(&Kit::new(), Authority::generate().issue(&["mock.test".into()])).await;
    assert!(connect(&server, "mock.test", &Authority::generate()).await.is_err());
}

#[tokio::test]
async fn resets_and_truncations_reach_a_tls_client_too() {
    let (kit, authority) = (Kit::new(), Authority::generate());
    let server = start(&kit, authority.issue(&["mock.test".into()])).await;
    for fault in [Fault::reset("/hello"), Fault::truncate("/hello")] {
        kit.faults.clear();
        kit.faults.add(fault);
        let stream = connect(&server, "mock.test", &authority).await.unwrap();
        // No closing alert is sent, so both end in an error and not in a clean end.
        exchange(stream, "GET", "/hello", "").await.unwrap_err();
    }
}

#[tokio::test]
async fn an_identity_that_is_none_does_not_start() {
    let identity = TlsIdentity { certificates_pem: "no certificate".into(), key_pem: "no key".into() };
    let started = Server::start(mock(), &Kit::new(), Listen::Tls(LOOPBACK, identity)).await;
    assert_eq!(started.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}
