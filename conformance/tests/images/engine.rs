//! The engine, and whether the tests can be run in it.

use std::io::{self, Write as _};
use std::time::Duration;

use testcontainers::bollard::models::ImageInspect;
use testcontainers::core::WaitFor;
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt as _};

/// The suite alone.
pub(crate) const SUITE: &str = "conformance";
/// The suite with a plugin, as a reader of `conformance/examples/Dockerfile` makes it.
pub(crate) const PLUGIN: &str = "conformance-plugin";
/// Both images have the version of this crate.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the engine knows about an image, or nothing after it was said that the test is skipped.
pub(crate) async fn image(name: &str) -> Option<ImageInspect> {
    let found = match docker_client_instance().await {
        Ok(engine) => engine.inspect_image(&format!("{name}:{VERSION}")).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match found {
        Ok(image) => Some(image),
        Err(error) if is_required() => panic!("no image {name}:{VERSION}: {error}"),
        Err(error) => {
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            // Standard error itself: what a test prints is kept from view when it passes.
            let line = format!("skipped: {test}: no engine has the image {name}:{VERSION} ({error})\n");
            io::stderr().write_all(line.as_bytes()).unwrap();
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says by it that none may be skipped")]
fn is_required() -> bool {
    std::env::var_os("CONFORMANCE_IMAGES").is_some_and(|value| value == "required")
}

/// An image whose container has ended when it is started, without a network.
pub(crate) fn ending(name: &str) -> ContainerRequest<GenericImage> {
    let image = GenericImage::new(name, VERSION).with_wait_for(WaitFor::Exit(ExitWaitStrategy::new()));
    image.with_network("none").with_startup_timeout(Duration::from_mins(5))
}

/// How a container ended, and what it wrote to standard output.
pub(crate) async fn run(request: ContainerRequest<GenericImage>) -> (Option<i64>, String) {
    let container = request.start().await.unwrap();
    (container.exit_code().await.unwrap(), stdout(&container).await)
}

pub(crate) async fn stdout(container: &ContainerAsync<GenericImage>) -> String {
    String::from_utf8(container.stdout_to_vec().await.unwrap()).unwrap()
}
