//! What the firmware and the hypervisor say about the machine, in files that the kernel shows.
//!
//! Every kind of machine of a cloud says the same here, bare metal and arm64 included: what differs is `product_name` on EC2,
//! which names the instance type and is not looked at.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::Cloud;
use crate::secret::quote_foreign;

/// Where Linux shows the strings of DMI. Source: the kernel's `Documentation/ABI/testing/sysfs-class-dmi` and
/// `drivers/firmware/dmi-id.c`.
const DMI: &str = "sys/class/dmi/id";
/// Where Linux shows what Xen says. Source: the kernel's `Documentation/ABI/stable/sysfs-hypervisor-xen`.
const HYPERVISOR: &str = "sys/hypervisor";
/// The most that is read of one file, in bytes. A string of DMI is much shorter.
const LIMIT: u64 = 256;

/// The vendor of every instance on Nitro, bare metal and arm64 included. Source: systemd, `src/basic/virt.c`, which reads
/// the same three files; amazon-ssm-agent, `ec2detector`.
const EC2_VENDOR: &str = "Amazon EC2";
/// The end of the version of EC2's own Xen, such as `4.11.amazon`. Source: amazon-ssm-agent, `ec2detector`.
const EC2_XEN: &str = ".amazon";
/// The products of Compute Engine. The vendor `Google` alone is not enough: Chromebooks have it too.
///
/// Source: `cloud.google.com/go/compute/metadata`, `syscheck_linux.go`.
const GOOGLE_PRODUCTS: [&str; 2] = ["Google", "Google Compute Engine"];
/// The beginning of serial numbers on Compute Engine, where the product is not named. Source: cloud-init,
/// `tools/ds-identify`, `dscheck_GCE`.
const GOOGLE_SERIAL: &str = "GoogleCloud-";
/// The asset tag of every virtual machine on Azure. The vendor `Microsoft Corporation` is any Hyper-V's.
///
/// Source: cloud-init, `tools/ds-identify`, `is_azure_chassis`.
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// What the files say; `None` where one is missing, empty or not to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmi {
    /// Who made the machine.
    pub sys_vendor: Option<String>,
    /// Who made its board.
    pub board_vendor: Option<String>,
    /// Who made its firmware.
    pub bios_vendor: Option<String>,
    /// The firmware's version, which is Xen's own on its virtual machines.
    pub bios_version: Option<String>,
    /// What the machine is.
    pub product_name: Option<String>,
    /// Its serial number, which only root can read.
    pub product_serial: Option<String>,
    /// Its UUID, which only root can read.
    pub product_uuid: Option<String>,
    /// What its owner has labelled the chassis with.
    pub chassis_asset_tag: Option<String>,
    /// The UUID that Xen has given the virtual machine.
    pub hypervisor_uuid: Option<String>,
    /// The last part of Xen's version.
    pub hypervisor_version: Option<String>,
}

/// A file's name and what is in it.
type Fact<'f> = (&'static str, &'f str);

impl Dmi {
    /// Reads the files below a directory, which is `/` outside of tests.
    #[must_use]
    pub fn read(system: &Path) -> Self {
        let dmi = system.join(DMI);
        let hypervisor = system.join(HYPERVISOR);
        Self {
            sys_vendor: text(&dmi.join("sys_vendor")),
            board_vendor: text(&dmi.join("board_vendor")),
            bios_vendor: text(&dmi.join("bios_vendor")),
            bios_version: text(&dmi.join("bios_version")),
            product_name: text(&dmi.join("product_name")),
            product_serial: text(&dmi.join("product_serial")),
            product_uuid: text(&dmi.join("product_uuid")),
            chassis_asset_tag: text(&dmi.join("chassis_asset_tag")),
            hypervisor_uuid: text(&hypervisor.join("uuid")),
            hypervisor_version: text(&hypervisor.join("version/extra")),
        }
    }

    /// The cloud and what says so, as a clause; `None` when nothing decides, or two clouds contradict each other.
    #[must_use]
    pub fn cloud(&self) -> Option<(Cloud, String)> {
        let facts = [(Cloud::Aws, self.aws()), (Cloud::Azure, self.azure()), (Cloud::Google, self.google())];
        let mut deciding = facts.into_iter().filter_map(|(cloud, fact)| Some((cloud, fact?)));
        let (cloud, (name, value)) = deciding.next()?;
        deciding.next().is_none().then(|| (cloud, format!("`{name}` is `{value}`")))
    }

    fn aws(&self) -> Option<Fact<'_>> {
        let vendors = [
            ("sys_vendor", &self.sys_vendor),
            ("board_vendor", &self.board_vendor),
            ("bios_vendor", &self.bios_vendor),
        ];
        first(vendors, |vendor| vendor == EC2_VENDOR).or_else(|| self.aws_xen())
    }

    /// EC2's older instances: Xen of Amazon's version and a UUID that begins with `ec2`. One of 4096 random UUIDs begins so
    /// on any hypervisor, hence both are asked for; with one of them alone the metadata services decide.
    ///
    /// Source: EC2 user guide, "Detect whether a host is an EC2 instance", "Inspect the system UUID", which says how sure
    /// that is.
    fn aws_xen(&self) -> Option<Fact<'_>> {
        let uuids = [("product_uuid", &self.product_uuid), ("hypervisor/uuid", &self.hypervisor_uuid)];
        first(uuids, begins_with_ec2)?;
        let versions = [("bios_version", &self.bios_version), ("hypervisor/version/extra", &self.hypervisor_version)];
        first(versions, |version| version.ends_with(EC2_XEN))
    }

    fn azure(&self) -> Option<Fact<'_>> {
        first([("chassis_asset_tag", &self.chassis_asset_tag)], |tag| tag == AZURE_ASSET_TAG)
    }

    fn google(&self) -> Option<Fact<'_>> {
        first([("product_name", &self.product_name)], |name| GOOGLE_PRODUCTS.contains(&name)).or_else(|| {
            let serial = self.product_serial.as_deref()?;
            serial.starts_with(GOOGLE_SERIAL).then_some(("product_serial", "GoogleCloud-..."))
        })
    }
}

/// The values that name no single machine, for the person who reads why no cloud was found.
impl fmt::Display for Dmi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = [
            ("sys_vendor", &self.sys_vendor),
            ("product_name", &self.product_name),
            ("bios_version", &self.bios_version),
            ("chassis_asset_tag", &self.chassis_asset_tag),
        ];
        let known = shown.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let known: Vec<_> = known.map(|(name, value)| format!("`{name}` is `{}`", quote_foreign(value))).collect();
        if known.is_empty() {
            return formatter.write_str("DMI says nothing");
        }
        write!(formatter, "DMI decides nothing, {}", known.join(", "))
    }
}

fn first<'f, const N: usize>(
    facts: [(&'static str, &'f Option<String>); N],
    decides: impl Fn(&str) -> bool,
) -> Option<Fact<'f>> {
    let mut known = facts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    known.find(|(_, value)| decides(value))
}

/// Whether a UUID begins with `ec2`, in either order of the bytes of its first field.
fn begins_with_ec2(uuid: &str) -> bool {
    let uuid = uuid.to_ascii_lowercase();
    let swapped = || uuid.get(4..8).is_some_and(|end| end.starts_with('2') && end.ends_with("ec"));
    uuid.starts_with("ec2") || swapped()
}

/// The text of a small file; `None` where there is none.
fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(LIMIT).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
