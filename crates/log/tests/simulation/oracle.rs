//! What must be there after a crash.

/// Records are numbered from 1 on. What a record says depends on its number and on the attempt in
/// which it was appended: a number can be given again after a crash lost it.
#[derive(Debug, Default)]
pub struct Oracle {
    /// The attempt in which each record was appended last.
    attempts: Vec<u64>,
    /// Up to which record somebody was told that it is durable.
    acked: u64,
    attempt: u64,
}

impl Oracle {
    /// The next record to append.
    pub fn next(&mut self) -> (u64, Vec<u8>) {
        self.attempts.push(self.attempt);
        let number = u64::try_from(self.attempts.len()).unwrap();
        (number, contents(number, self.attempt))
    }

    /// Everything up to `number` was acknowledged.
    pub fn ack(&mut self, number: u64) {
        self.acked = self.acked.max(number);
    }

    /// A record came back from the log or was read.
    pub fn check(&self, number: u64, found: &[u8]) {
        let index = usize::try_from(number - 1).unwrap();
        let attempt = self.attempts.get(index);
        let attempt = attempt.unwrap_or_else(|| panic!("record {number} was never appended"));
        assert!(found == contents(number, *attempt), "record {number} is not what was appended");
    }

    /// A recovery ended with this many records: from now on those are acknowledged.
    pub fn recovered(&mut self, count: u64) {
        assert!(count >= self.acked, "{} were acknowledged, {count} are there", self.acked);
        self.attempts.truncate(usize::try_from(count).unwrap());
        self.acked = count;
        self.attempt += 1;
    }
}

/// The number, the attempt, and a filling whose length and bytes follow from them.
pub fn contents(number: u64, attempt: u64) -> Vec<u8> {
    let mixed = (number ^ (attempt << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let length = match mixed % 10 {
        0 => 3000,
        1..=3 => 500,
        _ => 20,
    } + mixed % 17;
    let mut bytes = [number.to_le_bytes(), attempt.to_le_bytes()].concat();
    bytes.extend((0..length).map(|index| (mixed >> (index % 56)).to_le_bytes()[0]));
    bytes
}

/// The number of a record.
pub fn number(contents: &[u8]) -> u64 {
    u64::from_le_bytes(contents[..8].try_into().unwrap())
}
