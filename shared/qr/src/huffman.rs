//! Huffman codes and the bits they are written in, for `deflate`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A canonical Huffman code.
pub(crate) struct Code {
    lengths: Vec<u8>,
    /// The code words, first bit lowest, as they are written.
    words: Vec<u64>,
}

impl Code {
    /// A code for symbols that occur so often, no word longer than `limit` bits.
    pub(crate) fn new(counts: &[u32], limit: u8) -> Self {
        let mut counts = counts.to_vec();
        let mut lengths = huffman(&counts);
        while lengths.iter().any(|&length| length > limit) {
            // Evening out the counts shortens the longest words.
            counts.iter_mut().filter(|n| **n > 0).for_each(|n| *n = *n / 2 + 1);
            lengths = huffman(&counts);
        }
        let mut order: Vec<_> =
            lengths.iter().copied().enumerate().filter(|&(_, length)| length > 0).collect();
        order.sort_by_key(|&(_, length)| length);
        let mut words = vec![0; lengths.len()];
        let (mut next, mut width) = (0u64, 0);
        for (symbol, length) in order {
            next <<= length - width;
            width = length;
            if let Some(word) = words.get_mut(symbol) {
                *word = next.reverse_bits() >> (64 - length);
            }
            next += 1;
        }
        Self { lengths, words }
    }

    /// The word length of every symbol; 0 for one that does not occur.
    pub(crate) fn lengths(&self) -> &[u8] {
        &self.lengths
    }

    pub(crate) fn length(&self, symbol: usize) -> u8 {
        self.lengths.get(symbol).copied().unwrap_or(0)
    }

    pub(crate) fn write(&self, bits: &mut BitWriter, symbol: usize) {
        if let (Some(&word), Some(&length)) = (self.words.get(symbol), self.lengths.get(symbol)) {
            bits.push(word, length);
        }
    }
}

/// The word length of each symbol: join the two rarest groups until one is left, each join one bit more for its members.
fn huffman(counts: &[u32]) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let used = counts.iter().enumerate().filter(|(_, n)| **n > 0);
    let mut groups: BinaryHeap<_> = used.map(|(symbol, &n)| Reverse((n, vec![symbol]))).collect();
    while let (Some(Reverse((n, mut group))), Some(Reverse((m, other)))) = (groups.pop(), groups.pop()) {
        group.extend(other);
        for &symbol in &group {
            if let Some(length) = lengths.get_mut(symbol) {
                *length += 1;
            }
        }
        groups.push(Reverse((n + m, group)));
    }
    lengths
}

/// Bits to bytes, the first bit lowest (RFC 1951, section 3.1.1).
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    count: u8,
}

impl BitWriter {
    /// Continues after `bytes`.
    pub(crate) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, pending: 0, count: 0 }
    }

    /// Appends the lowest `count` bits (at most 15) of `bits`, lowest first.
    pub(crate) fn push(&mut self, bits: u64, count: u8) {
        self.pending |= bits << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend(self.pending.to_le_bytes().iter().take(4));
            self.pending >>= 32;
            self.count -= 32;
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let whole = usize::from(self.count.div_ceil(8));
        self.bytes.extend(self.pending.to_le_bytes().iter().take(whole));
        self.bytes
    }
}
