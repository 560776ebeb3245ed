//! The puzzle that a message costs when a number, a network or the service is busier than usual.
//!
//! It is a proof of work: sixteen small searches, so that the time it takes varies little. For each part `p` from 0 to
//! 15 the caller finds a number `n` such that SHA-256 of `<token>:<p>:<n>` begins with `bits` zero bits. The token is
//! signed by a keyed hash, so short that a whole text is one block of SHA-256, holds for one number and ten minutes,
//! and is used once; the store keeps the ids of used ones.
//!
//! How much work it asks for, and what that stops: `docs/decisions/0016-what-a-message-costs.md`.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    identity::PhoneNumber,
    ports::{KeyName, KeyedHash, Randomness},
    time::Timestamp,
};

/// Searches in one puzzle.
pub const PARTS: u32 = 16;
/// Zero bits that each search asks for, before any doubling: 2^13 hashes on average, 131,072 for the whole puzzle.
pub const FIRST_BITS: u32 = 13;
/// How often the work of a puzzle is doubled at most, whatever asks for it: 64 times the first puzzle's.
pub const MOST_DOUBLINGS_OF_A_PUZZLE: u32 = 6;
/// How long a puzzle may be solved.
pub const LIFE: Duration = Duration::from_mins(10);
/// More bytes than a solution has: a token and sixteen numbers of ten digits are about 220.
const LONGEST: usize = 320;

/// A puzzle for a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Puzzle {
    /// What is hashed, and what proves that the puzzle is ours.
    pub token: String,
    /// Zero bits that each of the [`PARTS`] must begin with.
    pub bits: u32,
}

/// A solved puzzle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// Its id, which the store takes once.
    pub id: PuzzleId,
    /// How often its work was doubled.
    pub doublings: u32,
}

/// Tells one puzzle from another: 48 random bits, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PuzzleId {
    /// The random bits in base64url.
    pub name: String,
    /// When the puzzle ends. A store keeps the id until then.
    pub expires_at: Timestamp,
}

impl Puzzle {
    /// A fresh puzzle for messages to `number`.
    pub fn draw(
        keys: &dyn KeyedHash,
        number: &PhoneNumber,
        doublings: u32,
        random: &dyn Randomness,
        now: Timestamp,
    ) -> Self {
        let mut name = [0_u8; 6];
        random.fill(&mut name);
        let (name, doublings) = (URL_SAFE_NO_PAD.encode(name), doublings.min(MOST_DOUBLINGS_OF_A_PUZZLE));
        let key = keys.current_key();
        let said = format!("{name}.{}.{doublings}.{}", now.plus(LIFE).secs(), key.as_str());
        let proof = proof(keys, &key, number, &said).unwrap_or_default();
        Self { token: format!("{said}.{proof}"), bits: FIRST_BITS + doublings }
    }
}

/// The doublings that a message costs when each of these may ask for a puzzle: the dearest counts. It is never more
/// than a puzzle is worth, or no puzzle would pay for the message.
#[must_use]
pub fn price_of<const N: usize>(asked: [Option<u32>; N]) -> Option<u32> {
    asked.into_iter().flatten().max().map(|doublings| doublings.min(MOST_DOUBLINGS_OF_A_PUZZLE))
}

/// Reads `<token>:<n0>,<n1>,…`. `None` unless the token is ours, for this number, not over, and every part is solved.
pub async fn read_solution(
    keys: &dyn KeyedHash,
    number: &PhoneNumber,
    presented: &str,
    now: Timestamp,
) -> Option<Solved> {
    let (token, numbers) = presented.split_once(':').filter(|_| presented.len() <= LONGEST)?;
    let (said, presented_proof) = token.rsplit_once('.')?;
    let mut parts = said.split('.');
    let (name, expires_at, doublings) = (parts.next()?, parts.next()?, parts.next()?);
    let key = KeyName::parse(parts.next()?)?;
    keys.learn(&key).await;
    let expected = proof(keys, &key, number, said)?;
    let genuine: bool = expected.as_bytes().ct_eq(presented_proof.as_bytes()).into();
    let expires_at = Timestamp::from_secs(expires_at.parse().ok()?);
    let doublings: u32 = doublings.parse().ok()?;
    if !genuine || now >= expires_at || !solves(token, numbers, FIRST_BITS + doublings) {
        return None;
    }
    Some(Solved { id: PuzzleId { name: name.to_owned(), expires_at }, doublings })
}

fn solves(token: &str, numbers: &str, bits: u32) -> bool {
    let mut numbers = numbers.split(',');
    let all = (0..PARTS).all(|part| {
        let canonical = |n: &&str| n.parse::<u32>().is_ok_and(|value| value.to_string() == **n);
        numbers.next().filter(canonical).is_some_and(|n| zero_bits(token, part, n) >= bits)
    });
    all && numbers.next().is_none()
}

/// How many zero bits the hash of one try begins with.
fn zero_bits(token: &str, part: u32, n: &str) -> u32 {
    let hash = Sha256::digest(format!("{token}:{part}:{n}"));
    hash.first_chunk().copied().map_or(0, |head| u64::from_be_bytes(head).leading_zeros())
}

/// What proves that we drew a puzzle: the beginning of a keyed hash. `None` when the key is not known.
fn proof(keys: &dyn KeyedHash, key: &KeyName, number: &PhoneNumber, said: &str) -> Option<String> {
    let tag = keys.keyed_hash_under(key, "sms puzzle", &[number.as_str(), said])?;
    Some(URL_SAFE_NO_PAD.encode(tag.hash.get(..9)?))
}

/// Solves a puzzle, as a caller does. For tests and callers of ours.
#[must_use]
pub fn solve(token: &str, bits: u32) -> String {
    let numbers = (0..PARTS).map(|part| {
        let found = (0..=u32::MAX).find(|n| zero_bits(token, part, &n.to_string()) >= bits);
        found.unwrap_or_default().to_string()
    });
    format!("{token}:{}", numbers.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::ports::{KeyedTag, testing::Counting};

    /// SHA-256 of everything, which is keyed enough for these tests.
    struct Plain;

    #[async_trait]
    impl KeyedHash for Plain {
        fn current_key(&self) -> KeyName {
            KeyName::of_kid("the-key-")
        }

        fn key_names(&self) -> Vec<KeyName> {
            vec![self.current_key()]
        }

        fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> KeyedTag {
            let hash = Sha256::digest(format!("{purpose} {parts:?}")).into();
            KeyedTag { key: self.current_key(), hash }
        }

        fn keyed_hash_under(&self, key: &KeyName, purpose: &str, parts: &[&str]) -> Option<KeyedTag> {
            (*key == self.current_key()).then(|| self.keyed_hash(purpose, parts))
        }

        async fn learn(&self, _: &KeyName) {}

        async fn look_again(&self) {}
    }

    fn number(raw: &str) -> PhoneNumber {
        PhoneNumber::parse(raw).unwrap()
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn solved() -> (Puzzle, String) {
        let puzzle = Puzzle::draw(&Plain, &number("+8613800138000"), 0, &Counting::default(), at(0));
        let solution = solve(&puzzle.token, puzzle.bits);
        (puzzle, solution)
    }

    async fn read(solution: &str, secs: u64) -> Option<Solved> {
        read_solution(&Plain, &number("+8613800138000"), solution, at(secs)).await
    }

    // K6
    #[tokio::test]
    async fn a_solution_is_good_for_its_number_and_its_time() {
        let (puzzle, solution) = solved();
        assert_eq!(puzzle.bits, 13);
        let read_once = read(&solution, 599).await.unwrap();
        assert_eq!((read_once.doublings, read_once.id.expires_at), (0, at(600)));
        assert_eq!(read(&solution, 600).await, None, "over");
        assert_eq!(read_solution(&Plain, &number("+8613900139000"), &solution, at(1)).await, None);
        assert!(solution.len() < LONGEST);
        assert!(puzzle.token.len() <= 43, "a text of one block: {}", puzzle.token);
    }

    // K6
    #[tokio::test]
    async fn a_bent_solution_is_none() {
        let (puzzle, solution) = solved();
        let (token, numbers) = solution.split_once(':').unwrap();
        let mut fields: Vec<_> = token.split('.').collect();
        fields[1] = "1999999999";
        let longer_lived = fields.join(".");
        let unsolved = (0..PARTS).map(|_| "0").collect::<Vec<_>>().join(",");
        for bent in [
            String::new(),
            token.to_owned(),
            format!("{token}:"),
            format!("{token}:{unsolved}"),
            format!("{token}:{numbers},1"),
            format!("{token}:+{numbers}"),
            format!("{token}:0{numbers}"),
            format!("{token}:{}", numbers.split_once(',').unwrap().1),
            solve(&longer_lived, puzzle.bits),
            solve("a.1999999999.0.the-key-.b", puzzle.bits),
            solve("a.1999999999.0.other-key.b", puzzle.bits),
            format!("{token}:{}", "9".repeat(10_000)),
        ] {
            assert_eq!(read(&bent, 0).await, None, "{bent:.80}");
        }
    }

    // K5: the seventh puzzle of a day, and every later one, can be paid.
    #[test]
    fn the_dearest_price_counts_and_a_puzzle_is_worth_it() {
        for (asked, price) in [
            ([None, None], None),
            ([Some(0), None], Some(0)),
            ([Some(1), Some(3)], Some(3)),
            ([Some(6), None], Some(6)),
            ([Some(7), Some(3)], Some(6)),
            ([None, Some(u32::MAX)], Some(6)),
        ] {
            assert_eq!(price_of(asked), price, "{asked:?}");
            let draw =
                |price| Puzzle::draw(&Plain, &number("+8613800138000"), price, &Counting::default(), at(0));
            assert_eq!(price.map(|price| draw(price).bits), price.map(|price| FIRST_BITS + price));
        }
    }

    #[test]
    fn the_work_is_doubled_to_a_limit() {
        let bits = |doublings| {
            Puzzle::draw(&Plain, &number("+8613800138000"), doublings, &Counting::default(), at(0)).bits
        };
        assert_eq!((bits(1), bits(6), bits(60)), (14, 19, 19));
    }
}
