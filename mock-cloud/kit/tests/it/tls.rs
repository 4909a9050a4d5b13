//! The same mock over TLS.

use std::sync::Arc;

use mock_kit::{
    Authority, Clients, Fault, Holder, Kit, Leaf, Listen, Server, TlsIdentity, TlsServer, Validity, Versions,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{LOOPBACK, exchange, mock};

async fn start(kit: &Kit, identity: TlsIdentity) -> Server {
    Server::start(mock(), kit, Listen::Tls(LOOPBACK, identity.into())).await.unwrap()
}

async fn connect(server: &Server, name: &str, trusted: &Authority) -> std::io::Result<TlsStream<TcpStream>> {
    connect_as(server, name, trusted, None, rustls::ALL_VERSIONS).await
}

async fn connect_as(
    server: &Server,
    name: &str,
    trusted: &Authority,
    client: Option<TlsIdentity>,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = trusted.certificate_pem().as_bytes();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(roots);
    let mut config = match client {
        None => config.with_no_client_auth(),
        Some(TlsIdentity { certificates_pem, key_pem }) => {
            let chain = CertificateDer::pem_slice_iter(certificates_pem.as_bytes()).collect::<Result<_, _>>().unwrap();
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap()).unwrap()
        }
    };
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
    let started = Server::start(mock(), &Kit::new(), Listen::Tls(LOOPBACK, identity.into())).await;
    assert_eq!(started.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}

/// A server with these clients, and its authority.
async fn with_clients(kit: &Kit, clients: Clients) -> (Server, Authority) {
    let authority = Authority::generate();
    let server = TlsServer { clients, ..authority.issue(&["mock.test".into()]).into() };
    (Server::start(mock(), kit, Listen::Tls(LOOPBACK, server)).await.unwrap(), authority)
}

/// Whether a client is answered; with TLS 1.3 a refusal comes after the client's own end of the handshake.
async fn answered(server: &Server, authority: &Authority, client: Option<TlsIdentity>) -> bool {
    let connected = connect_as(server, "mock.test", authority, client, rustls::ALL_VERSIONS).await;
    match connected {
        Ok(stream) => exchange(stream, "GET", "/hello", "").await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_of_the_right_authority_is_refused() {
    let (kit, clients) = (Kit::new(), Authority::named("Clients"));
    let (server, authority) = with_clients(&kit, Clients::Certified(clients.certificate_pem().into())).await;
    let (leaf, past) = (Leaf::client("node"), Leaf::client("node").valid(Validity::Past));
    let future = Leaf::client("node").valid(Validity::Future);
    let stranger = Authority::named("Clients").sign(&leaf);
    for refused in
        [None, Some(stranger), Some(clients.sign(&past)), Some(clients.sign(&future)), Some(clients.issue(&[]))]
    {
        assert!(!answered(&server, &authority, refused).await);
    }
    assert!(kit.journal.requests().is_empty());
    assert!(answered(&server, &authority, Some(clients.sign(&leaf))).await);
    let below = clients.intermediate("Issuing", Validity::Present);
    assert!(answered(&server, &authority, Some(below.sign(&leaf))).await);
}

#[tokio::test]
async fn the_journal_tells_whose_certificate_it_was_and_which_name_was_asked() {
    let (kit, clients) = (Kit::new(), Authority::named("Clients"));
    let (server, authority) = with_clients(&kit, Clients::Asked(clients.certificate_pem().into())).await;
    assert!(answered(&server, &authority, Some(clients.sign(&Leaf::client("node-1")))).await);
    assert!(answered(&server, &authority, None).await);
    assert!(!answered(&server, &authority, Some(Authority::generate().sign(&Leaf::client("node-1")))).await);
    let seen: Vec<_> = kit.journal.requests().into_iter().map(|request| request.tls.unwrap()).collect();
    assert_eq!(seen.iter().map(|tls| tls.client.as_deref()).collect::<Vec<_>>(), [Some("CN=node-1"), None]);
    assert_eq!((seen[0].version.as_str(), seen[0].server_name.as_deref()), ("TLSv1_3", Some("mock.test")));
}

#[tokio::test]
async fn a_server_speaks_the_versions_it_was_told_to() {
    let authority = Authority::generate();
    let identity = authority.issue(&["mock.test".into()]);
    let only = [&rustls::version::TLS12, &rustls::version::TLS13];
    for (versions, spoken) in
        [(Versions::Both, [true, true]), (Versions::Tls12, [true, false]), (Versions::Tls13, [false, true])]
    {
        let server = TlsServer { versions, ..identity.clone().into() };
        let server = Server::start(mock(), &Kit::new(), Listen::Tls(LOOPBACK, server)).await.unwrap();
        for (version, spoken) in only.into_iter().zip(spoken) {
            let connected = connect_as(&server, "mock.test", &authority, None, &[version]).await;
            assert_eq!(connected.is_ok(), spoken, "{versions:?}");
        }
    }
}

#[tokio::test]
async fn an_impostor_shows_the_certificate_and_cannot_prove_it() {
    let authority = Authority::generate();
    let identity = TlsIdentity { key_pem: authority.issue(&[]).key_pem, ..authority.issue(&["mock.test".into()]) };
    let impostor = TlsServer { holder: Holder::Impostor, ..identity.into() };
    let server = Server::start(mock(), &Kit::new(), Listen::Tls(LOOPBACK, impostor)).await.unwrap();
    let error = connect(&server, "mock.test", &authority).await.unwrap_err();
    assert!(error.to_string().contains("BadSignature"), "{error}");
}
