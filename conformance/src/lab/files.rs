//! What a lab changes of the file system, for its mount namespace only.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::{LabError, Machine, firmware, tool};

/// Folders that are there to be mounted on. Source: Filesystem Hierarchy Standard 3.0, sections 3.11, 3.12, 3.13, 3.17.
const PLACES: [&str; 4] = ["/mnt", "/media", "/srv", "/opt"];

/// Where Linux shows classes of devices, DMI among them. Source: the kernel's
/// `Documentation/ABI/testing/sysfs-class-dmi`.
const CLASSES: &str = "/sys/class";
/// Where Linux shows what Xen says. Source: the kernel's `Documentation/ABI/stable/sysfs-hypervisor-xen`.
const HYPERVISOR: &str = "/sys/hypervisor";

/// A folder in memory that nobody else sees and that ends with the lab.
#[derive(Debug)]
pub(super) struct Files(PathBuf);

impl Files {
    /// Makes the folder, over an empty one.
    ///
    /// # Errors
    ///
    /// None is empty, or the kernel refuses.
    pub(super) fn mount() -> Result<Self, LabError> {
        let is_empty = |place: &&str| std::fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
        let place = PLACES.iter().copied().find(is_empty).ok_or_else(|| LabError::NoPlace(PLACES.join(", ")))?;
        tool::words("mount", &format!("-t tmpfs -o mode=755 lab {place}"))?;
        Ok(Self(PathBuf::from(place)))
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Writes a file and answers where it is.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, LabError> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
        written.map_err(|source| LabError::File { path: path.clone(), source })?;
        Ok(path)
    }

    /// Makes names be what a hosts file says, and nothing else.
    ///
    /// # Errors
    ///
    /// The files cannot be written, or the kernel refuses.
    pub(super) fn resolve_by(&self, hosts: &str) -> Result<(), LabError> {
        let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
        self.replace("/etc/hosts", hosts)?;
        self.replace("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")?;
        self.replace("/etc/nsswitch.conf", &by_files(&switch))
    }

    /// Shows the firmware of a cloud's machine.
    ///
    /// # Errors
    ///
    /// The files cannot be written, or the kernel refuses.
    pub(super) fn show_firmware(&self, machine: Machine) -> Result<(), LabError> {
        for (name, text) in firmware::dmi(machine) {
            self.write(&format!("class/dmi/id/{name}"), &format!("{text}\n"))?;
        }
        let dmi = Path::new(CLASSES).join("dmi/id");
        if dmi.is_dir() {
            bind(&self.0.join("class/dmi/id"), &dmi)?;
        } else {
            // A machine without DMI has no folder for it, and sysfs takes no new ones.
            let layers = format!("lowerdir={}:{CLASSES}", self.0.join("class").display());
            tool::run("mount", &["-t", "overlay", "-o", &layers, "lab", CLASSES])?;
        }
        if Path::new(HYPERVISOR).is_dir() {
            self.write("hypervisor/.none", "")?;
            bind(&self.0.join("hypervisor"), Path::new(HYPERVISOR))?;
        }
        Ok(())
    }

    /// Puts a file in front of one of the system; one that the system does not have is not missed.
    fn replace(&self, path: &str, text: &str) -> Result<(), LabError> {
        let name = path.trim_start_matches('/');
        let new = self.write(name, text)?;
        if Path::new(path).exists() { bind(&new, Path::new(path)) } else { Ok(()) }
    }
}

/// The name of this machine.
pub(super) fn own_name() -> String {
    let name: io::Result<String> = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.unwrap_or_default().trim().to_owned()
}

fn bind(from: &Path, to: &Path) -> Result<(), LabError> {
    tool::run("mount", &[OsStr::new("--bind"), from.as_os_str(), to.as_os_str()])
}

/// Lets names of hosts come from the file and then from the name server only: other sources ask outside the lab.
fn by_files(switch: &str) -> String {
    let others = switch.lines().filter(|line| !line.trim_start().starts_with("hosts:"));
    others.chain(["hosts: files dns"]).fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_source_of_host_names_is_replaced() {
        let switch = "passwd: files systemd\nhosts: mymachines resolve [!UNAVAIL=return] files dns\nrpc: db files\n";
        assert_eq!(by_files(switch), "passwd: files systemd\nrpc: db files\nhosts: files dns\n");
    }
}
