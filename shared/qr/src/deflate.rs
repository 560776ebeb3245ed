//! A zlib stream (RFC 1950, RFC 1951) for pictures whose rows repeat.
//!
//! A general compressor spends its time looking for repeats, and a quarter of a millisecond on setting up its
//! tables. Here the repeats are known: a byte equals the one a row above or it does not. So every match has one
//! distance, the row's length, and what remains are a few different bytes for one dynamic Huffman block.

use crate::huffman::{BitWriter, Code};

/// Shorter matches cost more than the literals they stand for.
const MIN_MATCH: usize = 6;
const MAX_MATCH: usize = 258;
const END_OF_BLOCK: usize = 256;
const ADLER: u64 = 65_521;

/// First length of each length code from 257, and its extra bits (RFC 1951, section 3.2.5).
const LENGTHS: [(usize, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// First distance of each distance code, and its extra bits, up to 1024: no row is longer.
const DISTANCES: [(usize, u8); 20] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
];

/// The order in which a block's header lists the lengths of its code-length codes.
const HEADER_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

#[derive(Clone, Copy)]
enum Token {
    Literal(u8),
    /// So many bytes as they are one row above.
    Match(usize),
}

/// Compresses `rows`, each `stride` bytes (4 to 1024) and repeated so many times.
pub(crate) fn compress<'a>(rows: impl Iterator<Item = (&'a [u8], usize)>, stride: usize) -> Vec<u8> {
    let mut tokens = Tokens::default();
    let mut sum = (1, 0);
    for (row, times) in rows {
        tokens.row(row, times);
        sum = adler(sum, row, times);
    }
    tokens.flush();

    let mut bits = BitWriter::after(vec![0x78, 0x01]);
    write_block(&mut bits, &tokens.list, stride);
    let mut stream = bits.finish();
    stream.extend((sum.1 << 16 | sum.0).to_be_bytes().iter().skip(4));
    stream
}

/// Adler-32 continued over a row and its repeats: the row is read once.
fn adler((mut low, mut high): (u64, u64), row: &[u8], times: usize) -> (u64, u64) {
    let length = row.len() as u64;
    let (plain, weighted) = row.iter().fold((0, 0), |(plain, weighted), &byte| {
        let plain = plain + u64::from(byte);
        (plain, weighted + plain)
    });
    for _ in 0..times {
        high = (high + length * low + weighted) % ADLER;
        low = (low + plain) % ADLER;
    }
    (low, high)
}

#[derive(Default)]
struct Tokens<'a> {
    list: Vec<Token>,
    above: &'a [u8],
    /// Bytes equal to those above them, not yet a token.
    held: Vec<u8>,
    /// Bytes of whole rows repeated after `held`, not yet a token.
    repeated: usize,
}

impl<'a> Tokens<'a> {
    fn row(&mut self, row: &'a [u8], times: usize) {
        let mut above = self.above.iter();
        for byte in row {
            if above.next() == Some(byte) {
                self.held.push(*byte);
            } else {
                self.flush();
                self.list.push(Token::Literal(*byte));
            }
        }
        self.repeated += times.saturating_sub(1) * row.len();
        self.above = row;
    }

    fn flush(&mut self) {
        let mut left = self.held.len() + self.repeated;
        if self.repeated == 0 && left < MIN_MATCH {
            self.list.extend(self.held.iter().copied().map(Token::Literal));
        } else {
            while left > 0 {
                // Never leave a rest of one or two: the shortest match has three bytes.
                let length = if left > MAX_MATCH && left < MAX_MATCH + 3 {
                    MAX_MATCH - 3
                } else {
                    left.min(MAX_MATCH)
                };
                self.list.push(Token::Match(length));
                left -= length;
            }
        }
        self.held.clear();
        self.repeated = 0;
    }
}

/// One last block with Huffman codes of its own (RFC 1951, section 3.2.7).
fn write_block(bits: &mut BitWriter, tokens: &[Token], stride: usize) {
    let (distance_code, distance_extra, distance_bits) = split(&DISTANCES, stride);
    let mut counts = vec![0; END_OF_BLOCK + 1 + LENGTHS.len()];
    count(&mut counts, END_OF_BLOCK);
    for token in tokens {
        count(&mut counts, token.symbol());
    }
    let used = counts.iter().rposition(|&n| n > 0).map_or(0, |last| last + 1);
    counts.truncate(used);
    let symbols = Code::new(&counts, 15);

    bits.push(0b101, 3);
    write_header(bits, symbols.lengths(), distance_code);
    for token in tokens {
        symbols.write(bits, token.symbol());
        if let Token::Match(length) = *token {
            let (_, extra, extra_bits) = split(&LENGTHS, length);
            bits.push(extra, extra_bits);
            bits.push(0, 1); // the only distance code
            bits.push(distance_extra, distance_bits);
        }
    }
    symbols.write(bits, END_OF_BLOCK);
}

impl Token {
    fn symbol(self) -> usize {
        match self {
            Self::Literal(byte) => byte.into(),
            Self::Match(length) => END_OF_BLOCK + 1 + split(&LENGTHS, length).0,
        }
    }
}

/// The code lengths of both alphabets, runs of zeros shortened, under a code of their own.
fn write_header(bits: &mut BitWriter, symbols: &[u8], distance_code: usize) {
    let distances = std::iter::repeat_n(0, distance_code).chain([1]);
    let lengths: Vec<u8> = symbols.iter().copied().chain(distances).collect();
    let items: Vec<_> = lengths
        .chunk_by(|a, b| *a == 0 && *b == 0)
        .flat_map(|run| run.chunks(138))
        .flat_map(shorten)
        .collect();

    let mut counts = vec![0; HEADER_ORDER.len()];
    for &(symbol, ..) in &items {
        count(&mut counts, symbol);
    }
    let code = Code::new(&counts, 7);
    let ordered = HEADER_ORDER.map(|symbol| code.length(symbol));
    let listed = ordered.iter().rposition(|&length| length > 0).map_or(4, |last| (last + 1).max(4));

    bits.push(symbols.len() as u64 - 257, 5);
    bits.push(distance_code as u64, 5);
    bits.push(listed as u64 - 4, 4);
    ordered.iter().take(listed).for_each(|&length| bits.push(length.into(), 3));
    for (symbol, extra, extra_bits) in items {
        code.write(bits, symbol);
        bits.push(extra, extra_bits);
    }
}

/// One length, or at most 138 zeros, as code-length symbols: (symbol, extra value, extra bits).
fn shorten(run: &[u8]) -> Vec<(usize, u64, u8)> {
    match (run.first(), run.len()) {
        (Some(0), length @ 3..=10) => vec![(17, length as u64 - 3, 3)],
        (Some(0), length @ 11..) => vec![(18, length as u64 - 11, 7)],
        _ => run.iter().map(|&length| (length.into(), 0, 0)).collect(),
    }
}

/// Which code of `table` holds `value`, the value's extra bits and how many they are.
fn split(table: &[(usize, u8)], value: usize) -> (usize, u64, u8) {
    let code = table.partition_point(|&(first, _)| first <= value).saturating_sub(1);
    let (first, extra_bits) = table.get(code).copied().unwrap_or_default();
    (code, value.saturating_sub(first) as u64, extra_bits)
}

fn count(counts: &mut [u32], symbol: usize) {
    if let Some(n) = counts.get_mut(symbol) {
        *n += 1;
    }
}
