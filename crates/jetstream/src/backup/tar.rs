//! A tar of plain files, in pieces: ustar with PAX headers, as Go writes it.

use super::fault::Fault;

const BLOCK: usize = 512;
/// What a PAX header may hold, in bytes.
const EXTENDED_MAX: u64 = 64 * 1024;

const DAMAGED: Fault = Fault::Archive("a header of the tar");

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// More bytes are needed.
    More,
    /// A file begins: its name and size.
    Begin(String, u64),
    /// A part of it.
    Data(&'a [u8]),
    /// The file is over.
    End,
    /// The tar is.
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Tar {
    state: State,
    /// The PAX header of the next file.
    extended: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Head,
    /// In a file, or in a PAX header: what is left of it, and what fills its last block.
    Contents {
        left: u64,
        padding: usize,
        is_file: bool,
    },
    Over,
}

impl Tar {
    /// The next event in `bytes`, and how many of them are done with.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Event<'a>), Fault> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            match self.state {
                State::Over => return Ok((taken, Event::Over)),
                State::Head => {
                    let Some(head) = rest.first_chunk() else { return Ok((taken, Event::More)) };
                    taken += BLOCK;
                    if let Some(event) = self.head(head)? {
                        return Ok((taken, event));
                    }
                }
                State::Contents { left: 0, padding, is_file } => {
                    if rest.len() < padding {
                        return Ok((taken, Event::More));
                    }
                    taken += padding;
                    self.state = State::Head;
                    if is_file {
                        return Ok((taken, Event::End));
                    }
                }
                State::Contents { left, padding, is_file } => {
                    let len = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    if len == 0 {
                        return Ok((taken, Event::More));
                    }
                    let data = &rest[..len];
                    taken += len;
                    let left = left - u64::try_from(len).unwrap_or(left);
                    self.state = State::Contents { left, padding, is_file };
                    if is_file {
                        return Ok((taken, Event::Data(data)));
                    }
                    self.extended.extend_from_slice(data);
                }
            }
        }
    }

    fn head(&mut self, head: &[u8; BLOCK]) -> Result<Option<Event<'static>>, Fault> {
        if head.iter().all(|&byte| byte == 0) {
            self.state = State::Over;
            return Ok(Some(Event::Over));
        }
        // The checksum counts its own field as spaces.
        let sum: u64 = head.iter().map(|&byte| u64::from(byte)).sum();
        let own: u64 = head[148..156].iter().map(|&byte| u64::from(byte)).sum();
        if octal(&head[148..156]) != Some(sum - own + 8 * u64::from(b' ')) {
            return Err(DAMAGED);
        }
        let mut size = octal(&head[124..136]).ok_or(DAMAGED)?;
        match head[156] {
            b'x' | b'g' if size <= EXTENDED_MAX => {
                self.extended.clear();
                self.state = contents(size, false);
                Ok(None)
            }
            b'0' | 0 => {
                let mut name = self.name(head);
                for (key, value) in records(&std::mem::take(&mut self.extended))? {
                    match key.as_slice() {
                        b"path" => name = String::from_utf8_lossy(&value).into_owned(),
                        b"size" => size = decimal(&value).ok_or(DAMAGED)?,
                        _ => {}
                    }
                }
                self.state = contents(size, true);
                Ok(Some(Event::Begin(name, size)))
            }
            _ => Err(Fault::Archive("unexpected content of the tar")),
        }
    }

    fn name(&self, head: &[u8; BLOCK]) -> String {
        let text = |field: &[u8]| {
            let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let (name, prefix) = (text(&head[..100]), text(&head[345..500]));
        if prefix.is_empty() || &head[257..262] != b"ustar" { name } else { prefix + "/" + &name }
    }
}

fn contents(size: u64, is_file: bool) -> State {
    let over = usize::try_from(size % 512).unwrap_or(0);
    State::Contents { left: size, padding: (BLOCK - over) % BLOCK, is_file }
}

/// A number in octal digits, with spaces or zeros around it.
fn octal(field: &[u8]) -> Option<u64> {
    let end = field.iter().rposition(|&byte| byte != 0 && byte != b' ').map_or(0, |at| at + 1);
    let mut value = 0u64;
    for &byte in field[..end].iter().skip_while(|&&byte| byte == b' ') {
        let digit = byte.checked_sub(b'0').filter(|&digit| digit < 8)?;
        value = value.checked_mul(8)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

fn decimal(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A key with its value.
type Record = (Vec<u8>, Vec<u8>);

/// The records of a PAX header: `LENGTH KEY=VALUE\n`.
fn records(mut bytes: &[u8]) -> Result<Vec<Record>, Fault> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|&byte| byte == b' ').ok_or(DAMAGED)?;
        let len = decimal(&bytes[..space]).and_then(|len| usize::try_from(len).ok());
        let record = len.and_then(|len| bytes.split_at_checked(len)).ok_or(DAMAGED)?;
        let (record, rest) = record;
        let pair = record.get(space + 1..).and_then(|pair| pair.strip_suffix(b"\n"));
        let pair = pair.ok_or(DAMAGED)?;
        let equals = pair.iter().position(|&byte| byte == b'=').ok_or(DAMAGED)?;
        all.push((pair[..equals].to_vec(), pair[equals + 1..].to_vec()));
        bytes = rest;
    }
    Ok(all)
}

/// A tar for tests: names and contents.
#[cfg(test)]
pub(super) fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, contents) in files {
        entry(&mut tar, name, b'0', contents);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    tar
}

#[cfg(test)]
fn entry(tar: &mut Vec<u8>, name: &str, kind: u8, contents: &[u8]) {
    let mut head = [0u8; BLOCK];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[124..136].copy_from_slice(format!("{:011o}\0", contents.len()).as_bytes());
    head[156] = kind;
    head[257..265].copy_from_slice(b"ustar\x0000");
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&head);
    tar.extend_from_slice(contents);
    tar.resize(tar.len().next_multiple_of(BLOCK), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let (mut tar, mut files) = (Tar::default(), Vec::new());
        let mut waiting = Vec::new();
        for piece in bytes.chunks(piece) {
            waiting.extend_from_slice(piece);
            loop {
                let (taken, event) = tar.next(&waiting)?;
                match event {
                    Event::Begin(name, _) => files.push((name, Vec::new())),
                    Event::Data(data) => {
                        let file = files.last_mut().expect("a file began");
                        file.1.extend_from_slice(data);
                    }
                    Event::End => {}
                    Event::Over => return Ok(files),
                    Event::More => {
                        waiting.drain(..taken);
                        break;
                    }
                }
                waiting.drain(..taken);
            }
        }
        Err(Fault::Truncated)
    }

    #[test]
    fn files_come_back_in_pieces_of_any_size() {
        let large = vec![7; 1300];
        let mut bytes = Vec::new();
        entry(
            &mut bytes,
            "PaxHeaders/x",
            b'x',
            b"30 mtime=1350244992.023960108\n17 path=obs/name\n",
        );
        bytes.extend_from_slice(&written(&[("short", b"abc"), ("empty", b""), ("large", &large)]));
        let expected = vec![
            ("obs/name".to_owned(), b"abc".to_vec()),
            ("empty".to_owned(), Vec::new()),
            ("large".to_owned(), large),
        ];
        for piece in [1, 100, 512, 10_000] {
            assert_eq!(read(&bytes, piece).unwrap(), expected);
        }
    }

    #[test]
    fn damage_and_other_kinds_are_refused() {
        let mut bytes = written(&[("a", b"abc")]);
        bytes[3] ^= 1;
        assert_eq!(read(&bytes, 100), Err(DAMAGED));
        let mut link = Vec::new();
        entry(&mut link, "a", b'2', b"");
        assert!(read(&link, 100).is_err());
        let mut cut = Vec::new();
        entry(&mut cut, "x", b'x', b"99 path=a\n");
        cut.extend_from_slice(&written(&[("a", b"")]));
        assert_eq!(read(&cut, 100), Err(DAMAGED));
    }
}
