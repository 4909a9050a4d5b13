//! Machines of the clouds and of none, as they describe themselves.

use super::*;

/// A machine by the names of its files. The values are what such machines are known to show; the ids are made up.
fn machine(facts: &[(&str, &str)]) -> Dmi {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, value) in facts {
        let folder =
            if name.starts_with("hypervisor/") { directory.path().join("sys") } else { directory.path().join(DMI) };
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, format!("{value}\n")).expect("a file");
    }
    Dmi::read(directory.path())
}

fn cloud(facts: &[(&str, &str)]) -> Option<Cloud> {
    machine(facts).cloud().map(|(cloud, _)| cloud)
}

#[test]
fn every_kind_of_ec2_instance_is_known() {
    let table: [(&str, &[(&str, &str)]); 6] = [
        ("Nitro", &[("sys_vendor", "Amazon EC2"), ("product_name", "m5.large"), ("bios_vendor", "Amazon EC2")]),
        ("Nitro on arm64", &[("sys_vendor", "Amazon EC2"), ("product_name", "m7g.large")]),
        ("bare metal", &[("sys_vendor", "Amazon EC2"), ("product_name", "m6g.metal"), ("bios_vendor", "Intel")]),
        ("a board alone", &[("board_vendor", "Amazon EC2"), ("sys_vendor", "QEMU")]),
        (
            "Xen",
            &[
                ("sys_vendor", "Xen"),
                ("product_name", "HVM domU"),
                ("bios_version", "4.11.amazon"),
                ("product_uuid", "EC2CEFAC-DCE1-EED5-4E48-83AD3EF51BFB"),
            ],
        ),
        (
            "Xen without DMI",
            &[("hypervisor/uuid", "ec2cefac-dce1-eed5-4e48-83ad3ef51bfb"), ("hypervisor/version/extra", ".amazon")],
        ),
    ];
    for (kind, facts) in table {
        assert_eq!(cloud(facts), Some(Cloud::Aws), "{kind}");
    }
}

#[test]
fn a_uuid_alone_does_not_make_an_ec2_instance() {
    let uuid = "ec2cefac-dce1-eed5-4e48-83ad3ef51bfb";
    for facts in [
        &[("product_uuid", uuid), ("sys_vendor", "QEMU"), ("product_serial", uuid)][..],
        &[("product_uuid", uuid), ("sys_vendor", "Xen"), ("bios_version", "4.17.1")],
        &[("hypervisor/uuid", uuid), ("hypervisor/version/extra", ".4")],
        &[("product_uuid", "1c2cefac-dce1-eed5-4e48-83ad3ef51bfb"), ("bios_version", "4.11.amazon")],
    ] {
        assert_eq!(cloud(facts), None, "{facts:?}");
    }
}

#[test]
fn a_uuid_is_read_in_both_orders_of_its_bytes() {
    for uuid in ["EC2E1916-9099-7CAF-FD21-012345ABCDEF", "45E12AEC-DCD1-B213-94ED-012345ABCDEF", "ec2"] {
        assert!(begins_with_ec2(uuid), "{uuid}");
    }
    for uuid in ["", "EC", "45E13AEC-DCD1", "45E12AED-DCD1", "0EC21916", "äöü2", "1ec2"] {
        assert!(!begins_with_ec2(uuid), "{uuid}");
    }
}

#[test]
fn azure_is_known_by_the_asset_tag_and_hyper_v_is_not_azure() {
    let hyper_v = [("sys_vendor", "Microsoft Corporation"), ("product_name", "Virtual Machine")];
    let tagged = |tag| cloud(&[&hyper_v[..], &[("chassis_asset_tag", tag)]].concat());
    assert_eq!(tagged("7783-7084-3265-9085-8269-3286-77"), Some(Cloud::Azure));
    assert_eq!(tagged("1234-5678-9012-3456-7890-1234-56"), None);
    assert_eq!(tagged(""), None);
    assert_eq!(cloud(&hyper_v), None);
}

#[test]
fn compute_engine_is_known_by_its_product_and_a_chromebook_is_none() {
    let google = ("sys_vendor", "Google");
    assert_eq!(cloud(&[google, ("product_name", "Google Compute Engine")]), Some(Cloud::Google));
    assert_eq!(cloud(&[google, ("product_name", "Google")]), Some(Cloud::Google));
    assert_eq!(cloud(&[google, ("product_serial", "GoogleCloud-0123456789ABCDEF")]), Some(Cloud::Google));
    assert_eq!(cloud(&[google, ("product_name", "Eve")]), None);
    assert_eq!(cloud(&[google, ("product_name", "Google Compute Engine of somebody else")]), None);
}

#[test]
fn machines_of_no_cloud_are_of_no_cloud() {
    for facts in [
        &[][..],
        &[("sys_vendor", "")],
        &[("sys_vendor", "QEMU"), ("product_name", "Standard PC (Q35 + ICH9, 2009)")],
        &[("sys_vendor", "VMware, Inc."), ("product_name", "VMware7,1"), ("chassis_asset_tag", "No Asset Tag")],
        &[("sys_vendor", "OpenStack Foundation"), ("product_name", "OpenStack Nova")],
        &[("sys_vendor", "Alibaba Cloud"), ("product_name", "Alibaba Cloud ECS")],
        &[("sys_vendor", "Amazon"), ("product_name", "Amazon EC2")],
    ] {
        assert_eq!(cloud(facts), None, "{facts:?}");
    }
}

#[test]
fn what_contradicts_itself_decides_nothing() {
    let facts = [("sys_vendor", "Amazon EC2"), ("product_name", "Google Compute Engine")];
    assert_eq!(cloud(&facts), None);
}

#[test]
fn what_decides_is_named() {
    let evidence = |facts: &[(&str, &str)]| machine(facts).cloud().expect("a cloud").1;
    assert_eq!(evidence(&[("bios_vendor", "Amazon EC2")]), "`bios_vendor` is `Amazon EC2`");
    assert_eq!(evidence(&[("product_serial", "GoogleCloud-0123")]), "`product_serial` is `GoogleCloud-...`");
}

#[test]
fn what_is_shown_names_no_single_machine() {
    let uuid = "1c2cefac-dce1-eed5-4e48-83ad3ef51bfb";
    let shown = machine(&[("sys_vendor", "QEMU"), ("product_uuid", uuid), ("product_serial", uuid)]).to_string();
    assert_eq!(shown, "DMI decides nothing, `sys_vendor` is `QEMU`");
    assert_eq!(Dmi::default().to_string(), "DMI says nothing");
}

#[test]
fn a_file_that_is_no_text_or_too_long_is_not_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().join(DMI);
    std::fs::create_dir_all(folder.join("sys_vendor")).expect("a directory in the place of a file");
    std::fs::write(folder.join("bios_vendor"), b"Amazon \xff").expect("a file");
    std::fs::write(folder.join("product_name"), "x".repeat(10_000)).expect("a file");
    let dmi = Dmi::read(directory.path());
    assert_eq!((dmi.sys_vendor, dmi.bios_vendor), (None, None));
    assert_eq!(dmi.product_name.map(|name| name.len()), Some(256));
}
