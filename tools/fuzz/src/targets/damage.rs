//! Inputs as damage of files on a simulated disk.

use anabranch_log::disk::{Disk, OpenMode, SimDisk};

/// Changes that one input makes at most.
const CHANGES_MAX: usize = 64;

/// Beginnings: no change, one in each part of a file, a whole file.
pub(super) const CORPUS: &[&[u8]] = &[
    b"",
    &[0, 0, 0, 0, 255],
    &[0, 0, 16, 0, 1, 1, 70, 16, 2],
    &[0, 1, 0, 16, 1, 0, 0, 18, 4, 2, 8, 18, 9],
    &[1, 65, 78, 65, 66, 82, 87, 65, 76, 1, 0, 0, 0],
    &[3, 0, 0, 0, 0],
];
/// Magic numbers, and places where something begins.
pub(super) const WORDS: &[&[u8]] =
    &[b"ANABRWAL", b"ABLB", b"ANABRCKP", b"ABCK", b"ANABRSEG", &[0, 0, 16], &[0, 0, 18, 1]];

/// Does what `input` says to the files below `prefix`: with an odd first byte one file becomes the
/// rest of it; otherwise four bytes each change a byte: file, place, and what to combine it with.
pub(super) fn apply(disk: &SimDisk, prefix: &str, input: &[u8]) {
    let files = disk.files(prefix);
    let Some((mode, rest)) = input.split_first() else { return };
    let file = |selector: u8| &files[usize::from(selector) % files.len()];
    if mode % 2 == 1 {
        let (path, _) = file(mode / 2);
        let open = disk.open(path, OpenMode::Write).expect("it is listed");
        open.set_length(0).expect("memory");
        open.write_at(rest, 0).expect("memory");
        return;
    }
    for change in rest.as_chunks::<4>().0.iter().take(CHANGES_MAX) {
        let [selector, low, high, value] = *change;
        let (path, length) = file(selector);
        let place = u64::from(u16::from_le_bytes([low, high]));
        disk.corrupt(path, place % (*length).max(1), |byte| byte ^ value);
    }
}
