//! Messages of streams with `compression: s2`: each is packed for itself before it goes into its
//! segment, if that makes it smaller. What is in the log is as it was published.
//!
//! A packed record has [`PACKED`] among its flags, no header of its own, and as its payload one
//! block of Snappy (which is one of S2): the length of the headers as u32, little-endian, the
//! headers, and the body.

use anabranch_log::Error;

use super::payloads::Payload;

/// The record's payload is packed.
pub const PACKED: u16 = 1;
/// Smaller messages are not worth it.
const LEAST: usize = 64;
/// What a packed record may hold, in bytes: the largest message that the server takes, and more.
const UNPACKED_MAX: usize = 128 * 1024 * 1024;

const UNREADABLE: Error = Error::Options("a packed message cannot be unpacked");

/// Packs messages.
#[derive(Debug)]
pub struct Packer {
    encoder: snap::raw::Encoder,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl Default for Packer {
    fn default() -> Self {
        Self { encoder: snap::raw::Encoder::new(), plain: Vec::new(), packed: Vec::new() }
    }
}

impl Packer {
    /// The packed form of a message, if it is smaller.
    pub fn pack(&mut self, headers: &[u8], body: &[u8]) -> Option<&[u8]> {
        let len = headers.len() + body.len();
        if !(LEAST..=UNPACKED_MAX - 4).contains(&len) {
            return None;
        }
        let headers_len = u32::try_from(headers.len()).ok()?;
        self.plain.clear();
        self.plain.extend_from_slice(&headers_len.to_le_bytes());
        self.plain.extend_from_slice(headers);
        self.plain.extend_from_slice(body);
        self.packed.resize(snap::raw::max_compress_len(self.plain.len()), 0);
        let packed = self.encoder.compress(&self.plain, &mut self.packed).ok()?;
        (packed < len).then(|| &self.packed[..packed])
    }

    /// Lets go of memory that only large messages need.
    pub fn shrink(&mut self) {
        self.plain.clear();
        self.packed.clear();
        self.plain.shrink_to(64 * 1024);
        self.packed.shrink_to(64 * 1024);
    }
}

/// The message that a record with these flags holds.
///
/// # Errors
/// When it is packed in another way.
pub fn payload(flags: u16, header: &[u8], payload: &[u8]) -> Result<Payload, Error> {
    match flags {
        0 => Ok(Payload { headers: header.into(), body: payload.into() }),
        PACKED => unpack(payload),
        _ => Err(Error::Options("a message is stored in a way that this program does not know")),
    }
}

fn unpack(packed: &[u8]) -> Result<Payload, Error> {
    let len = snap::raw::decompress_len(packed).map_err(|_| UNREADABLE)?;
    if len > UNPACKED_MAX {
        return Err(UNREADABLE);
    }
    let plain = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| UNREADABLE)?;
    let (headers_len, rest) = plain.split_first_chunk().ok_or(UNREADABLE)?;
    let headers_len = usize::try_from(u32::from_le_bytes(*headers_len)).map_err(|_| UNREADABLE)?;
    let (headers, body) = rest.split_at_checked(headers_len).ok_or(UNREADABLE)?;
    Ok(Payload { headers: headers.into(), body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_cuts_are_errors() {
        let mut packer = Packer::default();
        for (headers, body) in
            [(&b"NATS/1.0\r\nA: b\r\n\r\n"[..], &[b'x'; 5000][..]), (b"", &[0; 64])]
        {
            let packed = packer.pack(headers, body).expect("it is smaller").to_vec();
            assert!(packed.len() < 400);
            let payload = Payload { headers: headers.into(), body: body.into() };
            assert_eq!(unpack(&packed).unwrap(), payload);
            for end in 0..packed.len() {
                assert!(unpack(&packed[..end]).is_err(), "{end}");
            }
            packer.shrink();
        }
    }

    /// Bytes that are on disks: they are read for ever.
    #[test]
    fn what_was_packed_once_is_read() {
        let literal = b"\x09\x20\x02\x00\x00\x00h1xyz";
        let payload = Payload { headers: (*b"h1").into(), body: (*b"xyz").into() };
        assert_eq!(unpack(literal).unwrap(), payload);
        let copied = b"\x44\x10\x00\x00\x00\x00x\xfa\x01\x00";
        assert_eq!(*unpack(copied).unwrap().body, [b'x'; 64]);
    }

    #[test]
    fn what_does_not_shrink_stays_as_it_is() {
        let mut packer = Packer::default();
        let mut state = 1u64;
        let mut noise = vec![0; 1000];
        for byte in &mut noise {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = state.to_be_bytes()[0];
        }
        assert_eq!(packer.pack(b"", b"short"), None);
        assert_eq!(packer.pack(b"", &noise), None);
    }

    #[test]
    fn lengths_beyond_what_is_there_are_errors() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        assert!(unpack(&huge).is_err());
        let block = snap::raw::Encoder::new().compress_vec(&[9, 0, 0, 0, 1]).unwrap();
        assert!(unpack(&block).is_err());
    }
}
