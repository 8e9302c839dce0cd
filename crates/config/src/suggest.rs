//! The known name that a mistyped one most likely means.

/// Longer names are compared with nothing: the effort is quadratic in their length.
const NAME_MAX: usize = 64;

/// The nearest of `known`, if it is near enough to be meant: at most a third of its letters
/// differ, a swap of neighbours counting once.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    if name.len() > NAME_MAX {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, replacements, swaps of neighbours.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = last;
        last = row;
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_that_was_meant() {
        let known = ["max_payload", "max_pending", "port", "tls"];
        assert_eq!(nearest("max_paylod", known), Some("max_payload"));
        assert_eq!(nearest("MAX_PAYLAOD", known), Some("max_payload"));
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("something", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
