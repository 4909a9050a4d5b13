//! Serves a world until it is terminated.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mock_cloud::{Certificates, Listeners, MockCloud, World};
use mock_kit::program::{Ready, ready_line, until_terminated};
use mock_kit::{TlsIdentity, Tracing};
use tempfile::TempDir;

/// AWS, Azure and Google Cloud as a node meets them, for tests. Prints one line of JSON when it
/// serves and ends with SIGTERM.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The world to serve, as YAML [default: a built-in one]
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Where to listen; port 0 takes a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to listen with TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    tls_listen: SocketAddr,
    /// A certificate chain to show instead of a generated one, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where to write the generated authority's certificate [default: a temporary file]
    #[arg(long, value_name = "FILE", conflicts_with = "tls_cert")]
    ca_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = serve(Arguments::parse()).await else {
        return ExitCode::SUCCESS;
    };
    // Nobody reads a reason that cannot be written.
    writeln!(io::stderr(), "error: {error}").unwrap_or_default();
    ExitCode::FAILURE
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let terminated = until_terminated();
    let given = arguments.given_identity()?;
    let generated = given.is_none();
    let listeners = Listeners {
        plain: arguments.listen,
        tls: arguments.tls_listen,
        certificates: given.map_or(Certificates::Generated, Certificates::Given),
        ..Listeners::default()
    };
    let cloud = MockCloud::start_on(arguments.world()?, listeners).await?;
    if Tracing::is_wanted(variable) {
        cloud.kit().trace.send("mock-cloud")?;
    }
    let authority_file = generated.then(|| AuthorityFile::write(&cloud, arguments.ca_file));
    let authority_file = authority_file.transpose()?;
    let (url, tls_url, environment) = (cloud.url(), cloud.tls_url(), cloud.environment());
    let ready = Ready {
        url: &url,
        tls_url: Some(&tls_url),
        environment: &environment,
        ca_file: authority_file.as_ref().map(|it| it.path.as_path()),
    };
    ready_line(&mut io::stdout().lock(), &ready)?;
    terminated.await;
    cloud.kit().trace.flushed().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "main reads the environment, once")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

impl Arguments {
    fn world(&self) -> Result<World, Box<dyn Error>> {
        let Some(file) = &self.world else {
            return Ok(World::default());
        };
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| format!("failed to read `{}`: {error}", file.display()))?;
        Ok(World::from_yaml(&text)?)
    }

    fn given_identity(&self) -> Result<Option<TlsIdentity>, Box<dyn Error>> {
        let (Some(certificates), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let identity = TlsIdentity::from_files(certificates, key);
        let identity = identity.map_err(|error| {
            let (certificates, key) = (certificates.display(), key.display());
            format!("failed to read `{certificates}` and `{key}`: {error}")
        })?;
        Ok(Some(identity))
    }
}

/// Where the authority's certificate lies for as long as the program runs.
struct AuthorityFile {
    path: PathBuf,
    /// Removed with this value.
    _folder: Option<TempDir>,
}

impl AuthorityFile {
    fn write(cloud: &MockCloud, told: Option<PathBuf>) -> io::Result<Self> {
        let (path, folder) = if let Some(path) = told {
            (path, None)
        } else {
            let folder = tempfile::Builder::new().prefix("mock-cloud-").tempdir()?;
            (folder.path().join("ca.pem"), Some(folder))
        };
        std::fs::write(&path, cloud.authority().certificate_pem())?;
        Ok(Self { path, _folder: folder })
    }
}
