//! Puts the cases and adapters of this folder into the program, so that it needs no files beside it.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut code = Vec::new();
    for (name, folder) in [("CASES", "cases"), ("ADAPTERS", "adapters")] {
        println!("cargo::rerun-if-changed={folder}");
        let root = fs::canonicalize(folder)?;
        let mut files = Vec::new();
        collect(&root, &mut files)?;
        files.sort();
        let entries = files.iter().map(|path| entry(&root, path)).collect::<String>();
        code.push(format!("pub(super) const {name}: &[(&str, &str)] = &[\n{entries}];\n"));
    }
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script by its environment where to write")]
    let target = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(PathBuf::from(target).join("embedded.rs"), code.concat())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let path = found?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The path below its folder with `/`, and the content.
fn entry(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let name = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string())
}
