//! What the firmware and the hypervisor of a cloud's machine say it is.

use super::Machine;

/// The files of `/sys/class/dmi/id`, each with its text.
///
/// Sources: the kernel's `Documentation/ABI/testing/sysfs-class-dmi` (names); cloud-init, `tools/ds-identify`, and
/// systemd, `src/basic/virt.c` (values).
pub(super) const fn dmi(machine: Machine) -> &'static [(&'static str, &'static str)] {
    match machine {
        Machine::Aws => &[
            ("bios_vendor", "Amazon EC2"),
            ("bios_version", "1.0"),
            ("board_asset_tag", "i-0123456789abcdef0"),
            ("board_vendor", "Amazon EC2"),
            ("chassis_asset_tag", "Amazon EC2"),
            ("chassis_vendor", "Amazon EC2"),
            ("product_name", "m6i.large"),
            ("product_serial", "ec2f1e2d-3c4b-5a69-7887-96a5b4c3d2e1"),
            ("product_uuid", "ec2f1e2d-3c4b-5a69-7887-96a5b4c3d2e1"),
            ("sys_vendor", "Amazon EC2"),
        ],
        Machine::Azure => &[
            ("bios_vendor", "Microsoft Corporation"),
            ("bios_version", "Hyper-V UEFI Release v4.1"),
            ("board_vendor", "Microsoft Corporation"),
            ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77"),
            ("chassis_vendor", "Microsoft Corporation"),
            ("product_name", "Virtual Machine"),
            ("product_serial", "0000-0000-0000-0000-0000-0000-00"),
            ("product_uuid", "55555555-6666-4777-8888-999999999999"),
            ("sys_vendor", "Microsoft Corporation"),
        ],
        Machine::Google => &[
            ("bios_vendor", "Google"),
            ("bios_version", "Google"),
            ("board_vendor", "Google"),
            ("chassis_asset_tag", ""),
            ("chassis_vendor", "Google"),
            ("product_name", "Google Compute Engine"),
            ("product_serial", "GoogleCloud-0123456789ABCDEF0123456789ABCDEF"),
            ("product_uuid", "01234567-89ab-cdef-0123-456789abcdef"),
            ("sys_vendor", "Google"),
        ],
        Machine::None => &[
            ("bios_vendor", "SeaBIOS"),
            ("bios_version", "1.16.3"),
            ("chassis_vendor", "QEMU"),
            ("product_name", "Standard PC (Q35 + ICH9, 2009)"),
            ("product_uuid", "7d3a5c1e-9b2f-4e60-8a17-c4d5e6f70819"),
            ("sys_vendor", "QEMU"),
        ],
    }
}
