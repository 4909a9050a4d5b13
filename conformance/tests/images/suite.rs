//! A plugin in the suite's image.

use testcontainers::ImageExt as _;
use testcontainers::core::Mount;
use testcontainers::runners::AsyncRunner as _;

use crate::engine::{PLUGIN, SUITE, VERSION, ending, image, run};

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[tokio::test]
async fn a_right_plugin_ends_the_container_with_0() {
    if image(PLUGIN).await.is_some() {
        let (code, text) = run(ending(PLUGIN)).await;
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("pass  core     wire/version[v1]\n"), "{text}");
        assert!(last_line(&text).contains(" passed, 0 failed, "), "{text}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_configured_wrongly_ends_the_container_with_1() {
    if image(PLUGIN).await.is_some() {
        let arguments = ["run", "--plugin", "/plugin", "--adapter", "ours", "--filter", "wire"];
        let (code, text) = run(ending(PLUGIN).with_cmd(arguments)).await;
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("fail  core     wire/version[v1]\n"), "{text}");
        assert!(!last_line(&text).contains(" 0 failed"), "{text}");
    }
}

#[tokio::test]
async fn the_suite_needs_no_root_no_capability_and_one_folder_to_write_to() {
    if image(PLUGIN).await.is_some() {
        let arguments =
            ["run", "--plugin", "/plugin", "--adapter", "command", "--filter", "wire", "--out", "/tmp/report"];
        let request = ending(PLUGIN).with_cmd(arguments).with_user("65532:65532").with_readonly_rootfs(true);
        let request = request.with_cap_drop("ALL").with_mount(Mount::tmpfs_mount("/tmp"));
        let (code, text) = run(request).await;
        assert_eq!(code, Some(0), "{text}");
        assert!(last_line(&text).contains(" passed, 0 failed, "), "{text}");
    }
}

#[tokio::test]
async fn the_image_says_what_it_is() {
    let Some(image) = image(SUITE).await else { return };
    let config = image.config.unwrap();
    assert_eq!(config.entrypoint.unwrap(), ["/conformance"]);
    let labels = config.labels.unwrap();
    assert_eq!(labels["org.opencontainers.image.version"], VERSION);
    assert_eq!(labels["org.opencontainers.image.licenses"], "Apache-2.0");
    assert_eq!(labels["org.opencontainers.image.revision"].len(), 40);
    for name in ["title", "description"] {
        assert!(!labels[&format!("org.opencontainers.image.{name}")].is_empty());
    }
    let (code, text) = run(ending(SUITE).with_cmd(["--version"])).await;
    assert_eq!((code, text), (Some(0), format!("conformance {VERSION}\n")));
}

#[tokio::test]
async fn the_image_has_no_shell() {
    if image(SUITE).await.is_some() {
        for program in ["/bin/sh", "sh", "bash"] {
            let image = testcontainers::GenericImage::new(SUITE, VERSION).with_entrypoint(program);
            let error = image.with_network("none").start().await.unwrap_err().to_string();
            assert!(error.contains("no such file or directory") || error.contains("not found"), "{error}");
        }
    }
}
