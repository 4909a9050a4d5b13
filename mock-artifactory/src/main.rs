//! Runs a mock Artifactory as a program: prints one line of JSON when it serves, and serves until
//! SIGTERM.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use mock_artifactory::world::{Image, Repository};
use mock_artifactory::{MockArtifactory, Options, Transport, World};
use mock_kit::program::{Ready, ready_line, until_terminated};
use mock_kit::{Clients, TlsIdentity, Tracing, Versions};

/// Artifactory's token exchange and a registry that real clients pull from, verifying what they are
/// sent.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What exists at the start; without it, a built-in world that agrees with mock-cloud's.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// The URL of a running mock-cloud, whose issuers, STS and certificate authority are trusted.
    #[arg(long, value_name = "URL")]
    trust: Option<String>,
    /// The address to listen on; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The certificate chain to show, instead of one made at the start.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let in only clients with a certificate of the authorities in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "plain_http")]
    client_ca: Option<PathBuf>,
    /// The one version of TLS to speak; without it, 1.2 and 1.3.
    #[arg(long, value_name = "VERSION", value_parser = ["1.2", "1.3"], conflicts_with = "plain_http")]
    tls_version: Option<String>,
    /// Serve without TLS.
    #[arg(long, conflicts_with = "tls_cert")]
    plain_http: bool,
    /// Where to write the certificate authorities to trust; without it, a temporary file.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A further host name for the certificate.
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// An OCI image layout to serve.
    #[arg(long = "layout", value_name = "DIR=REPOSITORY/NAME:TAG", value_parser = layout)]
    layouts: Vec<Image>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let terminated = until_terminated();
    let world = world(&arguments)?;
    let (transport, clients, versions) = (transport(&arguments)?, clients(&arguments)?, versions(&arguments));
    let Arguments { trust, listen, names, ca_file, .. } = arguments;
    let options = Options { trust, listen, transport, names, clients, versions };
    let artifactory = MockArtifactory::start_with(world, options).await?;
    if Tracing::is_wanted(variable) {
        artifactory.kit().trace.send("mock-artifactory")?;
    }
    let (ca_file, is_temporary) = match ca_file {
        Some(path) => (path, false),
        None => (std::env::temp_dir().join(format!("mock-artifactory-{}-ca.pem", std::process::id())), true),
    };
    std::fs::write(&ca_file, artifactory.ca_pem())?;
    announce(&artifactory, &ca_file)?;
    terminated.await;
    artifactory.kit().trace.flushed().await;
    if is_temporary {
        std::fs::remove_file(&ca_file)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "main reads the environment, once")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn announce(artifactory: &MockArtifactory, ca_file: &Path) -> io::Result<()> {
    let (url, environment) = (artifactory.url(), artifactory.environment());
    let ca_file = (!artifactory.ca_pem().is_empty()).then_some(ca_file);
    let ready = Ready { url: &url, tls_url: None, environment: &environment, ca_file };
    ready_line(&mut io::stdout(), &ready)
}

fn world(arguments: &Arguments) -> Result<World, Box<dyn Error>> {
    let mut world = match &arguments.world {
        Some(path) => World::from_file(path)?,
        None => World::default(),
    };
    for image in &arguments.layouts {
        if !world.repositories.iter().any(|repository| repository.key == image.repository) {
            world.repositories.push(Repository { key: image.repository.clone() });
        }
        world.images.push(image.clone());
    }
    Ok(world)
}

fn transport(arguments: &Arguments) -> io::Result<Transport> {
    match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificates), Some(key)) => TlsIdentity::from_files(certificates, key).map(Transport::Given),
        _ if arguments.plain_http => Ok(Transport::Plain),
        _ => Ok(Transport::Issued),
    }
}

fn clients(arguments: &Arguments) -> io::Result<Clients> {
    match &arguments.client_ca {
        Some(path) => std::fs::read_to_string(path).map(Clients::Certified),
        None => Ok(Clients::Anyone),
    }
}

fn versions(arguments: &Arguments) -> Versions {
    match arguments.tls_version.as_deref() {
        Some("1.2") => Versions::Tls12,
        Some(_) => Versions::Tls13,
        None => Versions::Both,
    }
}

fn layout(text: &str) -> Result<Image, &'static str> {
    let parts = text.rsplit_once('=').and_then(|(folder, image)| {
        let (repository, image) = image.split_once('/')?;
        let (name, tag) = image.rsplit_once(':')?;
        Some((folder, repository, name, tag))
    });
    let (folder, repository, name, tag) = parts.ok_or("not of the form DIR=REPOSITORY/NAME:TAG")?;
    let (repository, name, tag) = (repository.to_owned(), name.to_owned(), tag.to_owned());
    Ok(Image { repository, name, tag, oci_layout: Some(folder.into()) })
}

fn report(error: &dyn Error) {
    let mut lines = vec![format!("error: {error}")];
    let mut cause = error.source();
    while let Some(error) = cause {
        lines.push(format!("  caused by: {error}"));
        cause = error.source();
    }
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}
