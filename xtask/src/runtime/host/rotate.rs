//! A log file that starts anew at a size, keeps a few older ones, and outlives a full disk.
//!
//! What cannot be written is dropped and counted, and said once there is room again: a component must never stop
//! because its log cannot be kept.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

/// So many bytes a file.
pub(super) const LIMIT: u64 = 10 << 20;
/// So many files, the current one included.
pub(super) const FILES: u32 = 4;

pub(super) struct RotatingFile {
    path: PathBuf,
    limit: u64,
    file: Option<File>,
    size: u64,
    dropped: u64,
}

impl RotatingFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            limit: LIMIT,
            file: None,
            size: 0,
            dropped: 0,
        }
    }

    /// How many lines were dropped since the last one that was written.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Appends whole lines. `note` makes the line that is put before them when others were dropped since the last time.
    pub(super) fn append(&mut self, text: &[u8], lines: u64, note: impl Fn(u64) -> String) {
        let written = if self.dropped == 0 {
            self.write(text)
        } else {
            // In one piece: a full disk often has room for a note, and for nothing after it.
            self.write(&[note(self.dropped).as_bytes(), text].concat())
        };
        self.dropped = if written.is_ok() {
            0
        } else {
            self.dropped + lines
        };
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        if self.file.is_some() && self.size > 0 && self.size + text.len() as u64 > self.limit {
            self.file = None;
            shift(&self.path)?;
        }
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let file = File::options().create(true).append(true).open(&self.path)?;
            self.size = file.metadata()?.len();
            self.file.insert(file)
        };
        if let Err(error) = file.write_all(text) {
            // A line that was cut short would be read as another one; shrinking needs no room.
            let _ = file.set_len(self.size);
            return Err(error);
        }
        self.size += text.len() as u64;
        Ok(())
    }
}

/// The current file and the older ones, the newest first.
pub(super) fn generations(path: &Path) -> Vec<PathBuf> {
    (0..FILES).map(|age| generation(path, age)).collect()
}

/// Makes room for a new file: `x.log` becomes `x.log.1`, and so on; the oldest goes.
pub(super) fn shift(path: &Path) -> std::io::Result<()> {
    for age in (0..FILES - 1).rev() {
        match fs::rename(generation(path, age), generation(path, age + 1)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn generation(path: &Path, age: u32) -> PathBuf {
    if age == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn note(dropped: u64) -> String {
        format!("{dropped} lines dropped\n")
    }

    #[test]
    fn four_files_are_kept_each_within_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let mut log = RotatingFile {
            limit: 100,
            ..RotatingFile::new(path.clone())
        };
        for number in 0..100 {
            log.append(format!("line {number:04}\n").as_bytes(), 1, note);
        }
        let sizes: Vec<u64> = generations(&path)
            .iter()
            .map(|file| fs::metadata(file).unwrap().len())
            .collect();
        assert_eq!(sizes, [100, 100, 100, 100]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 0099\n"));
        assert!(
            fs::read_to_string(generation(&path, 3))
                .unwrap()
                .starts_with("line 0060\n")
        );
    }

    #[test]
    fn an_existing_file_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        for line in ["one\n", "two\n"] {
            RotatingFile::new(path.clone()).append(line.as_bytes(), 1, note);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    /// A tiny file system of its own, gone with this value.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn mount() -> Option<Self> {
            let folder = tempfile::tempdir().unwrap();
            let mounted = Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=64k", "argosy-test"])
                .arg(folder.path())
                .output();
            mounted
                .is_ok_and(|output| output.status.success())
                .then_some(Self(folder))
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }

    #[test]
    fn on_a_full_disk_lines_are_dropped_and_counted_until_there_is_room() {
        let Some(disk) = Disk::mount() else {
            println!("skipped: only root may mount the small disk that this test fills");
            return;
        };
        let path = disk.0.path().join("x.log");
        let mut log = RotatingFile::new(path.clone());
        log.append(b"before\n", 1, note);
        let ballast = disk.0.path().join("ballast");
        let filled = File::create(&ballast).unwrap().write_all(&vec![0; 1 << 20]);
        assert!(filled.is_err(), "the disk must be full now");
        let wide = format!("{}\n", "x".repeat(8192));
        for _ in 0..5 {
            log.append(wide.as_bytes(), 1, note);
        }
        assert_eq!(log.dropped(), 5);
        fs::remove_file(&ballast).unwrap();
        log.append(b"after\n", 1, note);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "before\n5 lines dropped\nafter\n"
        );
    }
}
