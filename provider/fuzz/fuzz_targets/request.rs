//! Any bytes as the kubelet's request.
#![no_main]

use artifactory_credential_provider::image::ImageRef;
use artifactory_credential_provider::kubelet::CredentialProviderRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stdin: &[u8]| {
    let Ok(request) = CredentialProviderRequest::parse(stdin) else { return };
    let Ok(image) = ImageRef::parse(&request.image) else { return };
    assert!(image.as_str().starts_with(image.registry()), "the registry stands at the beginning of the name");
});
