//! The reply subject of a delivered message, by which it is acknowledged.

/// What such a subject says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AckSubject {
    /// How often the message was delivered.
    pub deliveries: u64,
    /// Its sequence in the stream.
    pub stream_seq: u64,
    /// Sequence of the delivery.
    pub consumer_seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub time: i64,
    /// Messages that were still to come.
    pub pending: u64,
}

const PREFIX: &[u8] = b"$JS.ACK.";

impl AckSubject {
    /// Reads `$JS.ACK.<stream>.<consumer>.<count>.<stream seq>.<consumer seq>.<time>.<pending>`
    /// or the longer form with domain and account before the stream, and anything behind. A number
    /// that is none reads as the largest one, as in nats-server. Nothing when it has another form.
    #[must_use]
    pub fn parse(subject: &[u8]) -> Option<Self> {
        let rest = subject.strip_prefix(PREFIX)?;
        let mut tokens = [&rest[..0]; 9];
        let mut count = 0;
        for token in rest.split(|&byte| byte == b'.') {
            if let Some(place) = tokens.get_mut(count) {
                *place = token;
            }
            count += 1;
        }
        let numbers = match count {
            7 => &tokens[2..7],
            9.. => &tokens[4..9],
            _ => return None,
        };
        Some(Self {
            deliveries: number(numbers[0]),
            stream_seq: number(numbers[1]),
            consumer_seq: number(numbers[2]),
            time: number(numbers[3]).cast_signed(),
            pending: number(numbers[4]),
        })
    }

    /// The subject for a message of `stream` and `consumer`.
    #[must_use]
    pub fn write(&self, stream: &str, consumer: &str) -> Vec<u8> {
        let mut subject = Vec::with_capacity(PREFIX.len() + stream.len() + consumer.len() + 48);
        subject.extend_from_slice(PREFIX);
        subject.extend_from_slice(stream.as_bytes());
        subject.push(b'.');
        subject.extend_from_slice(consumer.as_bytes());
        let mut digits = itoa::Buffer::new();
        for number in [self.deliveries, self.stream_seq, self.consumer_seq] {
            subject.push(b'.');
            subject.extend_from_slice(digits.format(number).as_bytes());
        }
        subject.push(b'.');
        subject.extend_from_slice(digits.format(self.time).as_bytes());
        subject.push(b'.');
        subject.extend_from_slice(digits.format(self.pending).as_bytes());
        subject
    }
}

fn number(token: &[u8]) -> u64 {
    if token.is_empty() || !token.iter().all(u8::is_ascii_digit) {
        return u64::MAX;
    }
    let digit =
        |value: u64, &byte: &u8| value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
    token.iter().fold(0, digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: AckSubject =
        AckSubject { deliveries: 1, stream_seq: 2, consumer_seq: 3, time: 4, pending: 5 };

    #[test]
    fn both_forms_are_read() {
        assert_eq!(WRITTEN.write("S", "C"), b"$JS.ACK.S.C.1.2.3.4.5");
        for subject in ["$JS.ACK.S.C.1.2.3.4.5", "$JS.ACK._.hash.S.C.1.2.3.4.5"] {
            assert_eq!(AckSubject::parse(subject.as_bytes()), Some(WRITTEN));
        }
        assert_eq!(AckSubject::parse(b"$JS.ACK._.hash.S.C.1.2.3.4.5.more.x"), Some(WRITTEN));
    }

    #[test]
    fn other_forms_are_none_and_other_numbers_the_largest() {
        for subject in ["", "$JS.ACK.", "$JS.ACK.S.C.1.2.3.4", "$JS.ACK.S.C.1.2.3.4.5.6", "x"] {
            assert_eq!(AckSubject::parse(subject.as_bytes()), None, "{subject}");
        }
        let odd = AckSubject::parse(b"$JS.ACK.S.C.1.-2..4.5").unwrap();
        assert_eq!((odd.stream_seq, odd.consumer_seq), (u64::MAX, u64::MAX));
    }
}
