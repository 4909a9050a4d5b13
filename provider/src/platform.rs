//! What differs between operating systems: how the node is called, whose a file is and who may read it.
//!
//! Linux is what the program is made for, and every other Unix works alike. Elsewhere files have neither owner nor permission
//! bits here, so that nothing is kept between pulls, no mode is complained about, and the node's name comes from the
//! environment. What exists on Linux only is a path that is missing elsewhere: firmware and boot in [`crate::cloud`], the
//! system's bundles in [`crate::http`].
//!
//! The half for other systems also compiles on Unix with `--cfg portable`, so that it is checked wherever the workspace is.

#[cfg(all(unix, not(portable)))]
pub(crate) use self::unix::{
    apart, is_same_file, mode, new_private_file, new_public_file, node_name, owner, private_directory, private_file,
    send_datagram, stdin_file, terminal_width, user,
};

#[cfg(not(all(unix, not(portable))))]
pub(crate) use self::portable::{
    apart, is_same_file, mode, new_private_file, new_public_file, node_name, owner, private_directory, private_file,
    send_datagram, stdin_file, terminal_width, user,
};

#[cfg(all(unix, not(portable)))]
mod unix {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixDatagram;
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;
    use std::process::Command;

    /// The node's name. Source: proc(5), `/proc/sys/kernel/hostname`.
    pub(crate) fn node_name() -> Option<String> {
        fs::read_to_string("/proc/sys/kernel/hostname").ok()
    }

    /// The columns of the terminal that stdout is.
    pub(crate) fn terminal_width() -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_col > 0).then(|| size.ws_col.into())
    }

    /// The permission bits of a file.
    pub(crate) fn mode(file: &Metadata) -> u32 {
        file.mode() & 0o7777
    }

    /// The user whose file it is.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a file has no such user")]
    pub(crate) fn owner(file: &Metadata) -> Option<u32> {
        Some(file.uid())
    }

    /// The user of this process, who owns its directory. Source: proc(5), `/proc/pid`.
    pub(crate) fn user() -> Option<u32> {
        fs::metadata("/proc/self").ok().map(|process| process.uid())
    }

    /// Makes a directory that is its owner's alone.
    pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    /// Makes a file that is its owner's alone, and was not there before.
    pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    /// Makes a file that everybody may read, whatever the umask is, and that was not there before.
    pub(crate) fn new_public_file(path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.set_permissions(Permissions::from_mode(0o644)).map(|()| file)
    }

    /// Opens a file that is its owner's alone, to add to its end; it is made where it is missing.
    pub(crate) fn private_file(path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)
    }

    /// Sends a message to a socket, unless there is no room for it.
    pub(crate) fn send_datagram(path: &Path, message: &[u8]) -> io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to(message, path).map(drop)
    }

    /// Whether this is the file at a path.
    pub(crate) fn is_same_file(file: &Metadata, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (file.dev(), file.ino()))
    }

    /// What this process has as its stdin, as a file.
    pub(crate) fn stdin_file() -> Option<File> {
        io::stdin().as_fd().try_clone_to_owned().ok().map(File::from)
    }

    /// Puts a process that is to be started into a group of its own, which no signal to this one's reaches.
    pub(crate) fn apart(command: &mut Command) -> &mut Command {
        command.process_group(0)
    }
}

#[cfg(not(all(unix, not(portable))))]
mod portable {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::Path;
    use std::process::Command;

    pub(crate) fn node_name() -> Option<String> {
        None
    }

    pub(crate) fn terminal_width() -> Option<usize> {
        None
    }

    pub(crate) fn mode(_: &Metadata) -> u32 {
        0
    }

    pub(crate) fn owner(_: &Metadata) -> Option<u32> {
        None
    }

    pub(crate) fn user() -> Option<u32> {
        None
    }

    pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    pub(crate) fn new_public_file(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    pub(crate) fn private_file(path: &Path) -> io::Result<File> {
        fs::OpenOptions::new().append(true).create(true).open(path)
    }

    pub(crate) fn send_datagram(_: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn is_same_file(_: &Metadata, _: &Path) -> bool {
        false
    }

    pub(crate) fn stdin_file() -> Option<File> {
        None
    }

    pub(crate) fn apart(command: &mut Command) -> &mut Command {
        command
    }
}
