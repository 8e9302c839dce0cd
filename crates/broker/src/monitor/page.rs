//! `offset` and `limit`.

use super::query::{BadRequest, Query};

/// Rows shown where no limit is asked for.
const LIMIT: usize = 1024;

/// Which rows of many are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl Page {
    /// Reads `offset` and `limit`; what is not positive has its default.
    pub(super) fn parse(query: &Query) -> Result<Self, BadRequest> {
        let offset = usize::try_from(query.int("offset")?).unwrap_or(0);
        let limit = usize::try_from(query.int("limit")?).unwrap_or(0);
        Ok(Self { offset, limit: if limit == 0 { LIMIT } else { limit } })
    }

    /// Whether row `index` is shown.
    #[must_use]
    pub(super) fn shows(self, index: usize) -> bool {
        index >= self.offset && index - self.offset < self.limit
    }

    /// The rows that are shown.
    pub(super) fn cut<T>(self, rows: Vec<T>) -> impl Iterator<Item = T> {
        rows.into_iter().skip(self.offset).take(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Page {
        Page::parse(&Query::parse(query)).unwrap()
    }

    #[test]
    fn has_defaults_for_what_is_not_positive() {
        let default = Page { offset: 0, limit: 1024 };
        for query in ["", "limit=0", "limit=-1&offset=-3"] {
            assert_eq!(page(query), default, "{query}");
        }
        assert!(Page::parse(&Query::parse("offset=x")).is_err());
    }

    #[test]
    fn shows_no_more_than_there_is() {
        let rows = |query| page(query).cut(vec![1, 2, 3]).collect::<Vec<_>>();
        assert_eq!(rows("offset=1"), [2, 3]);
        assert_eq!(rows("offset=1&limit=1"), [2]);
        assert!(rows("offset=9").is_empty());
        let largest = page("offset=9223372036854775807&limit=9223372036854775807");
        assert!(!largest.shows(3) && page("limit=9223372036854775807").shows(3));
    }
}
