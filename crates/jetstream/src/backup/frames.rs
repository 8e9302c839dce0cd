//! The framing around blocks: Snappy's, whose blocks are of S2 and may be larger
//! (<https://github.com/google/snappy/blob/main/framing_format.txt>).

use super::FRAME_MAX;
use super::block;
use super::fault::Fault;

const COMPRESSED: u8 = 0x00;
const PLAIN: u8 = 0x01;
const IDENTIFIER: u8 = 0xff;
/// Frames from here on may be passed over.
const SKIPPABLE: u8 = 0x80;
const SNAPPY: &[u8] = b"sNaPpY";
const S2: &[u8] = b"S2sTwO";
/// Bytes of type and length.
const HEAD: usize = 4;
const CHECKSUM: usize = 4;
/// What one frame of ours holds: as much as Snappy's readers take.
const BLOCK: usize = 64 * 1024;
/// A frame longer than this holds no block that may be: a block grows by a sixth at most.
const BODY_MAX: usize = FRAME_MAX + FRAME_MAX / 6 + 1024;

/// Unpacks frames that come in pieces.
#[derive(Debug, Default)]
pub struct Frames {
    input: Vec<u8>,
    /// Bytes of `input` that are done with.
    done: usize,
    /// Bytes of a frame that are to be passed over and have not come yet.
    skip: usize,
    begun: bool,
}

impl Frames {
    /// Takes bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.input.drain(..std::mem::take(&mut self.done));
        self.input.extend_from_slice(&bytes[skipped..]);
    }

    /// Nothing is left of what came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done == self.input.len() && self.skip == 0
    }

    /// Unpacks the next frame that holds something, at most [`FRAME_MAX`] bytes; false when more
    /// must come first.
    ///
    /// # Errors
    /// When a frame is damaged.
    pub fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            let rest = &self.input[self.done..];
            let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else { return Ok(false) };
            let [kind, len @ ..] = *head;
            let len = usize::from(len[0]) | usize::from(len[1]) << 8 | usize::from(len[2]) << 16;
            if !self.begun && kind != IDENTIFIER {
                return Err(Fault::Compression("no stream identifier"));
            }
            if kind >= SKIPPABLE && kind != IDENTIFIER {
                let here = len.min(rest.len());
                self.skip = len - here;
                self.done += HEAD + here;
                continue;
            }
            if len > BODY_MAX {
                return Err(Fault::TooLarge("a frame"));
            }
            let Some(body) = rest.get(..len) else { return Ok(false) };
            match kind {
                IDENTIFIER if body == SNAPPY || body == S2 => self.begun = true,
                COMPRESSED | PLAIN => {
                    unpack(kind, body, into)?;
                    self.done += HEAD + len;
                    return Ok(true);
                }
                _ => return Err(Fault::Compression("an unknown frame")),
            }
            self.done += HEAD + len;
        }
    }
}

fn unpack(kind: u8, body: &[u8], into: &mut Vec<u8>) -> Result<(), Fault> {
    let short = Fault::Compression("a frame ends early");
    let (checksum, packed) = body.split_first_chunk::<CHECKSUM>().ok_or(short)?;
    let begin = into.len();
    if kind == COMPRESSED {
        block::decode(packed, FRAME_MAX, into)?;
    } else if packed.len() <= FRAME_MAX {
        into.extend_from_slice(packed);
    } else {
        return Err(Fault::TooLarge("a frame"));
    }
    if masked_checksum(&into[begin..]) == u32::from_le_bytes(*checksum) {
        Ok(())
    } else {
        Err(Fault::Compression("a checksum is wrong"))
    }
}

/// CRC-32C, rotated and shifted as the framing wants it.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Packs bytes into frames.
#[derive(Debug)]
pub struct Compressor {
    waiting: Vec<u8>,
    packed: Vec<u8>,
    encoder: snap::raw::Encoder,
}

impl Default for Compressor {
    fn default() -> Self {
        let mut packed = vec![IDENTIFIER, 6, 0, 0];
        packed.extend_from_slice(SNAPPY);
        Self { waiting: Vec::new(), packed, encoder: snap::raw::Encoder::new() }
    }
}

impl Compressor {
    /// Adds bytes; full frames are packed.
    pub fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
            if self.waiting.len() == BLOCK {
                self.flush();
            }
        }
    }

    /// Packs what waits for its frame to become full.
    pub fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let checksum = masked_checksum(&self.waiting);
        // A block of this size is never too large for the encoder.
        let block = self.encoder.compress_vec(&self.waiting).unwrap_or_default();
        let shrinks = !block.is_empty() && block.len() < self.waiting.len();
        let (kind, body) = if shrinks { (COMPRESSED, &block) } else { (PLAIN, &self.waiting) };
        let len = u32::try_from(body.len() + CHECKSUM).unwrap_or(u32::MAX).to_le_bytes();
        self.packed.extend_from_slice(&[kind, len[0], len[1], len[2]]);
        self.packed.extend_from_slice(&checksum.to_le_bytes());
        self.packed.extend_from_slice(body);
        self.waiting.clear();
    }

    /// Packed bytes that are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// Nothing is packed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Takes packed bytes: `max` of them, or all.
    pub fn take(&mut self, max: usize) -> Vec<u8> {
        let rest = self.packed.split_off(max.min(self.packed.len()));
        std::mem::replace(&mut self.packed, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::default();
        compressor.add(bytes);
        compressor.flush();
        compressor.take(usize::MAX)
    }

    fn unpacked(packed: &[u8], piece: usize) -> Result<Vec<u8>, Fault> {
        let (mut frames, mut all) = (Frames::default(), Vec::new());
        for piece in packed.chunks(piece) {
            frames.feed(piece);
            while frames.next(&mut all)? {}
        }
        if frames.is_empty() { Ok(all) } else { Err(Fault::Truncated) }
    }

    fn sample() -> Vec<u8> {
        let noise = (0..90_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]);
        noise.chain(std::iter::repeat_n(7, 100_000)).collect()
    }

    #[test]
    fn frames_come_back_in_pieces_of_any_size() {
        let sample = sample();
        let packed = packed(&sample);
        for piece in [1, 3, 10, 65_536, 1_000_000] {
            assert_eq!(unpacked(&packed, piece).unwrap(), sample, "{piece}");
        }
    }

    #[test]
    fn frames_that_may_be_are_passed_over() {
        let mut bytes = packed(b"one");
        bytes.extend_from_slice(&[0xfe, 2, 1, 0]);
        bytes.extend_from_slice(&[9; 258]);
        bytes.extend_from_slice(&[0xff, 6, 0, 0]);
        bytes.extend_from_slice(S2);
        bytes.extend_from_slice(&packed(b"two"));
        for piece in [1, 17, 5000] {
            assert_eq!(unpacked(&bytes, piece).unwrap(), b"onetwo");
        }
    }

    #[test]
    fn damage_is_noticed() {
        let good = packed(&sample());
        for at in [0, 5, 11, 20, good.len() / 4] {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(unpacked(&bad, 4096).is_err(), "{at}");
        }
        assert_eq!(unpacked(&[0x50, 0, 0, 0], 9), Err(Fault::Compression("no stream identifier")));
        let unknown = [&good[..10], &[0x02, 1, 0, 0, 9]].concat();
        assert_eq!(unpacked(&unknown, 99), Err(Fault::Compression("an unknown frame")));
        let huge = [&good[..10], &[0x00, 0xff, 0xff, 0xff]].concat();
        assert_eq!(unpacked(&huge, 99), Err(Fault::TooLarge("a frame")));
    }
}
