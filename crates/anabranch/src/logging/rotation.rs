//! Names of rotated log files: `<file>.yyyy.mm.dd.hh.mm.ss.nnnnnnnnn`, in local time.

use jiff::civil::DateTime;

/// Digits of each part of the time in the name.
const DIGITS: [usize; 7] = [4, 2, 2, 2, 2, 2, 9];

/// The name that `file` gets when it is rotated at `now`.
pub(super) fn rotated_name(file: &str, now: DateTime) -> String {
    format!(
        "{file}.{:04}.{:02}.{:02}.{:02}.{:02}.{:02}.{:09}",
        now.year(),
        now.month(),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.subsec_nanosecond()
    )
}

/// Of the `names` in a directory, the rotated files of `file` that are to go, oldest first, so
/// that with `file` itself `files_max` remain.
pub(super) fn surplus<'a>(
    file: &str,
    names: impl Iterator<Item = &'a str>,
    files_max: u32,
) -> Vec<&'a str> {
    let mut rotated: Vec<&str> = names.filter(|name| is_rotated(file, name)).collect();
    rotated.sort_unstable();
    let kept = usize::try_from(files_max.saturating_sub(1)).unwrap_or(usize::MAX);
    rotated.truncate(rotated.len().saturating_sub(kept));
    rotated
}

/// Whether a name is one that rotating `file` made. Others that begin with it are somebody
/// else's and never removed.
fn is_rotated(file: &str, name: &str) -> bool {
    let stamp = name.strip_prefix(file).and_then(|rest| rest.strip_prefix('.'));
    let Some(stamp) = stamp else { return false };
    let parts: Vec<&str> = stamp.split('.').collect();
    parts.len() == DIGITS.len()
        && parts
            .iter()
            .zip(DIGITS)
            .all(|(part, digits)| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_file_is_named_by_the_time() {
        let now = jiff::civil::date(2026, 1, 2).at(3, 4, 5, 67);
        assert_eq!(rotated_name("a.log", now), "a.log.2026.01.02.03.04.05.000000067");
    }

    #[test]
    fn the_oldest_go_first_and_only_rotated_ones() {
        let names = [
            "a.log",
            "a.log.2026.01.02.03.04.05.000000002",
            "a.log.2026.01.02.03.04.05.000000001",
            "a.log.2025.12.31.23.59.59.999999999",
            "a.log.old",
            "a.log.2026.01.02.03.04.05.1",
            "a.log.2026.01.02.03.04.05.00000000x",
            "b.log.2025.01.02.03.04.05.000000001",
            "a.log2025.01.02.03.04.05.000000001",
        ];
        assert_eq!(
            surplus("a.log", names.into_iter(), 2),
            ["a.log.2025.12.31.23.59.59.999999999", "a.log.2026.01.02.03.04.05.000000001"]
        );
        assert_eq!(surplus("a.log", names.into_iter(), 1).len(), 3);
        assert!(surplus("a.log", names.into_iter(), 4).is_empty());
    }
}
