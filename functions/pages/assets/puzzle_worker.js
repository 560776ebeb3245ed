// Solves the service's puzzle (docs/accounts.md) beside the page, so that the page stays quick. It hears {token, parts, bits}
// and answers {solution}: for each part p the first n for which SHA-256 of "token:p:n" begins with that many zero bits.
//
// The browser's own SHA-256 answers one call at a time, twenty times slower than this. A text is one block, because a
// token is short, and of its hash only the first word is needed.

const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
const PRIMES = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => {
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false;
  return true;
});
// FIPS 180-4 sections 4.2.2 and 5.3.3.
const ROUNDS = Int32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const LONGEST = 55; // bytes that fit one block
const words = new Int32Array(64);
const bytes = new Uint8Array(64);

/** The first word of the hash of the first `length` bytes. */
function firstWord(length) {
  bytes.fill(0, length);
  bytes[length] = 0x80;
  for (let i = 0; i < 14; i += 1) {
    words[i] = (bytes[4 * i] << 24) | (bytes[4 * i + 1] << 16) | (bytes[4 * i + 2] << 8) | bytes[4 * i + 3];
  }
  words[14] = 0;
  words[15] = length * 8;
  for (let i = 16; i < 64; i += 1) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  return (START[0] + a) | 0;
}

/** The first number that solves a part. */
function search(start, bits) {
  for (let i = 0; i < start.length; i += 1) bytes[i] = start.charCodeAt(i);
  for (let n = 0; ; n += 1) {
    const digits = String(n);
    const length = start.length + digits.length;
    if (length > LONGEST) throw new RangeError('the token is too long');
    for (let i = 0; i < digits.length; i += 1) bytes[start.length + i] = digits.charCodeAt(i);
    if (Math.clz32(firstWord(length)) >= bits) return n;
  }
}

onmessage = ({ data: { token, parts, bits } }) => {
  const numbers = Array.from({ length: parts }, (_, part) => search(`${token}:${part}:`, bits));
  postMessage({ solution: `${token}:${numbers.join(',')}` });
};
