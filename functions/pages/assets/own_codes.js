// The codes of our own page: /qr/code opens one, /qr/login says how it is doing, and the ticket it ends in leads to
// /welcome.

import { call } from './api.js';
import { stateOf } from './flags.js';
import { keeps } from './keeps.js';
import { recall, remember } from './kept.js';

const REDEEMING = 'saoma.screen.redeeming'; // the code's secret, for /welcome, which redeems the ticket

/** What qr.js needs to know of them. */
export const ownCodes = {
  kept: 'saoma.screen',

  open: (replaced) => call('GET', '/qr/code?client=sign-in&rotate=1', { token: replaced, cookies: !keeps() }),

  async ask(pollToken) {
    const answer = await call('GET', '/qr/login', { token: pollToken, cookies: false, tries: 1 });
    return { ...answer, state: stateOf(answer) };
  },

  // The address is the client's registered page; still, a page is all it may be.
  leadsOn: (url) => /^(https?:\/\/|\/(?!\/))/i.test(url),

  leave(url, pollToken) {
    remember(REDEEMING, pollToken);
    location.assign(url);
  },
};

/** The secret of the code that was just confirmed, once: /welcome proves with it that this browser showed the code. */
export function takeSecret() {
  const secret = recall(REDEEMING);
  remember(REDEEMING, null);
  return secret;
}
