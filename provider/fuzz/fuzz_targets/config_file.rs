//! Any text as a configuration file: it is refused or understood, and never shows an inline password.
#![no_main]

use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::image::ImageRef;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(config) = Config::from_text(text, &Environment::default()) else { return };
    let image = ImageRef::parse("acme.jfrog.io/docker-local/app").expect("an image");
    if let Some(route) = config.route(&image) {
        assert!(route.serves(&image), "a route that was chosen serves the image");
    }
});
