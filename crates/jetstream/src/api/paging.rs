//! Lists in pages.

use serde::Serialize;

/// Names in one page.
pub const NAMES_PAGE: u64 = 1024;
/// Infos in one page.
pub const LIST_PAGE: u64 = 256;
/// Subjects with their counts in one page.
pub const SUBJECTS_PAGE: u64 = 100_000;

/// Which part of a list an answer holds; zeros when nothing was asked of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page {
    /// How long the list is.
    pub total: u64,
    /// How many are before this page.
    pub offset: u64,
    /// How many fit a page.
    pub limit: u64,
}

/// The page of `items` at `offset`, which may be behind the end.
#[must_use]
pub fn page<T>(items: &[T], offset: u64, limit: u64) -> (Page, &[T]) {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let start = size(offset).min(items.len());
    let end = start.saturating_add(size(limit)).min(items.len());
    let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let page = Page { total: count(items.len()), offset: count(start), limit };
    (page, &items[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_with_the_list() {
        let items = [1, 2, 3, 4, 5];
        let (found, part) = page(&items, 2, 2);
        assert_eq!((found, part), (Page { total: 5, offset: 2, limit: 2 }, &[3, 4][..]));
        assert_eq!(page(&items, 4, 2).1, [5]);
        let (found, part) = page(&items, u64::MAX, 2);
        assert_eq!((found.offset, part.len()), (5, 0));
        assert_eq!(page(&items, 1, u64::MAX).1, [2, 3, 4, 5]);
    }
}
