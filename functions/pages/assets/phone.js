// The phone: who are you, who asks, and what do you decide. Nothing is ever confirmed without a press.
// At /q/{code} the person scanned a code; at /phone requests come by themselves (prompts.js).

import { postAs } from './account.js';
import { call } from './api.js';
import { ask, fail, refuse, signsInAgain, tellGone, unscanned } from './consent.js';
import { run } from './phone_page.js';
import { prompted } from './prompts.js';
import { readCode } from './read.js';
import { go } from './sign_in.js';
import { $, state } from './view.js';

// `null` if the address holds no code. The page says so before it asks the person to sign in.
const code = readCode(location.href);
const stepOf = (name) => `/q/${code}/${name}`;
// After the scan the service asks for no tag. Without one, a neighbour who guesses tags does not slow this call down.
const decisionOf = (name) => `/q/${code.split('-')[0]}/${name}`;
// What the service calls an ending, and what this page calls it. If the state is none of these, the page shows no ending.
const ENDINGS = { confirmed: 'confirmed', redeemed: 'confirmed', cancelled: 'cancelled' };

/** What to do with a code that was scanned. */
const scanned = {
  /**
   * Shows the service in time that this browser has read a code that rotates, because signing in may take minutes. The
   * answer is a cookie. Answers whether there is anything to go on with.
   */
  async arrive() {
    if (!code.includes('-')) return true;
    const answer = await call('POST', stepOf('receipt'), { body: {} });
    if (answer.status !== 204) refuse(answer);
    return answer.status === 204;
  },

  async begin() {
    go('loading');
    const answer = await postAs(stepOf('scan'), {});
    if (signsInAgain(answer) && !(await scanned.arrive())) return;
    if (answer.status !== 200) return refuse(answer);
    if (answer.body.state in ENDINGS) return go(ENDINGS[answer.body.state]);
    ask(answer.body, tellGone);
  },

  async decide(accept, matchNumber) {
    const answer = await postAs(decisionOf(accept ? 'confirm' : 'cancel'), matchNumber ? { matchNumber } : {});
    if (state() !== 'consent') return; // it ran out meanwhile
    if (answer.status !== 200) return refuse(answer);
    if (!(answer.body.state in ENDINGS)) return fail('');
    $('ready').hidden = answer.body.asksNextTime !== true;
    go(ENDINGS[answer.body.state]);
  },

  /** The request is bound to the person who scanned it; given back, the screen can offer a new code at once. */
  async leave() {
    if (state() !== 'consent') return 'phone.signedOutOnly';
    const answer = await postAs(decisionOf('cancel'), {});
    return answer.body.state === 'cancelled' ? 'phone.signedOut' : 'phone.signedOutOnly';
  },
};

/** A person who came from their own page goes back there, at the login that a notice was about. */
const goingBack = {
  ...prompted,
  begin: () => location.replace(`/account${location.hash}`),
};

const wentOut = unscanned && new URLSearchParams(location.search).get('then') === 'account';
const way = wentOut ? goingBack : unscanned ? prompted : scanned;
run(way, { here: unscanned ? 'prompt' : 'scan', over: way === scanned, gone: way === scanned && !code });
