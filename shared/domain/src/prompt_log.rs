//! How often a person may be asked without a scan (`docs/security.md` H1, K14).

use std::time::Duration;

use crate::{identity::ClientId, secrets::SessionCode, time::Timestamp};

/// The time in which prompts are counted.
pub const PROMPT_WINDOW: Duration = Duration::from_mins(10);
/// The most prompts that one client may send a person within [`PROMPT_WINDOW`].
pub const PROMPTS_OF_A_CLIENT: usize = 3;
/// The most prompts that all clients together may send a person within [`PROMPT_WINDOW`]. It is more than one
/// client may send, so one client never uses up a person's prompts at another.
pub const PROMPTS_TO_A_PERSON: usize = 6;

/// A prompt that a person was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedPrompt {
    /// When.
    pub at: Timestamp,
    /// Which client asked.
    pub client: ClientId,
    /// Its session.
    pub code: SessionCode,
}

/// The last prompts that one person was sent, newest first: as many as count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptLog(Vec<NotedPrompt>);

/// What noting a prompt comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noting {
    /// It may be sent, and this is the log to store first.
    Allowed(PromptLog),
    /// It is in the log already: the answer to the earlier write was lost.
    Known,
    /// The person was asked too often.
    TooMany,
}

impl PromptLog {
    /// A stored log, newest first.
    #[must_use]
    pub fn from_stored(mut noted: Vec<NotedPrompt>) -> Self {
        noted.truncate(PROMPTS_TO_A_PERSON);
        Self(noted)
    }

    /// The prompts, newest first.
    #[must_use]
    pub fn noted(&self) -> &[NotedPrompt] {
        &self.0
    }

    /// Notes a prompt that is about to be sent.
    #[must_use]
    pub fn note(&self, prompt: NotedPrompt) -> Noting {
        if self.0.iter().any(|noted| noted.code == prompt.code) {
            return Noting::Known;
        }
        let in_window = || self.0.iter().filter(|noted| prompt.at.since(noted.at) < PROMPT_WINDOW);
        let of_client = in_window().filter(|noted| noted.client == prompt.client).count();
        if in_window().count() >= PROMPTS_TO_A_PERSON || of_client >= PROMPTS_OF_A_CLIENT {
            return Noting::TooMany;
        }
        let mut noted = vec![prompt];
        noted.extend(self.0.iter().cloned());
        Noting::Allowed(Self::from_stored(noted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A prompt of a client, so many seconds after the first.
    fn prompt(n: usize, client: usize, secs: u64) -> NotedPrompt {
        NotedPrompt {
            at: Timestamp::from_secs(1_800_000_000 + secs),
            client: ClientId::parse(&format!("client-{client}")).unwrap(),
            code: SessionCode::parse(&format!("{n:026}")).unwrap(),
        }
    }

    /// Sends these prompts, each a client and a second. Returns whether each was allowed.
    fn send(prompts: &[(usize, u64)]) -> Vec<bool> {
        let mut log = PromptLog::default();
        let mut allowed = Vec::new();
        for (n, (client, secs)) in prompts.iter().enumerate() {
            let noting = log.note(prompt(n, *client, *secs));
            allowed.push(matches!(noting, Noting::Allowed(_)));
            if let Noting::Allowed(next) = noting {
                log = next;
            }
        }
        allowed
    }

    // H1
    #[test]
    fn a_client_has_three_in_ten_minutes() {
        assert_eq!(send(&[(1, 0), (1, 1), (1, 2), (1, 3)]), [true, true, true, false]);
        assert_eq!(send(&[(1, 0), (1, 1), (1, 2), (1, 599), (1, 600), (1, 600)])[3..], [false, true, false]);
    }

    // K14
    #[test]
    fn one_client_leaves_a_person_to_another() {
        let first = [(1, 0), (1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6), (2, 7)];
        assert_eq!(send(&first), [true, true, true, false, true, true, true, false]);
    }

    // H1
    #[test]
    fn a_person_has_six_in_ten_minutes_of_all_clients() {
        let many: Vec<(usize, u64)> = (0..8).map(|n| (n, 0)).collect();
        assert_eq!(send(&many), [true, true, true, true, true, true, false, false]);
    }

    // K12
    #[test]
    fn a_prompt_is_noted_once() {
        let Noting::Allowed(log) = PromptLog::default().note(prompt(1, 1, 0)) else { panic!("refused") };
        let Noting::Allowed(log) = log.note(prompt(2, 2, 0)) else { panic!("refused") };
        assert_eq!(log.note(prompt(1, 1, 0)), Noting::Known);
    }

    proptest! {
        // H1 K14: no order and no pace of prompts gets round the limits, and what is allowed is in the log.
        #[test]
        fn no_window_ever_holds_more(prompts in vec((0_usize..4, 0_u64..300), 0..60)) {
            let mut at = 0;
            let prompts: Vec<(usize, u64)> =
                prompts.into_iter().map(|(client, wait)| { at += wait; (client, at) }).collect();
            let allowed = send(&prompts);
            let sent: Vec<_> = prompts.iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(it, _)| *it).collect();
            for (_, from) in &sent {
                let window: Vec<_> = sent.iter().filter(|(_, at)| (*from..from + 600).contains(at)).collect();
                prop_assert!(window.len() <= PROMPTS_TO_A_PERSON);
                for client in 0..4 {
                    prop_assert!(window.iter().filter(|(of, _)| *of == client).count() <= PROMPTS_OF_A_CLIENT);
                }
            }
        }
    }
}
