// The phone: who are you, who asks, and what do you decide. Nothing is ever confirmed without a press.
// At /q/{code} the person scanned a code; at /phone requests come by themselves (prompts.js); at /device the person types
// what a device shows (typed.js).

import { postAs, signedIn, signOut } from './account.js';
import { ask, fail, refuse, tellGone, unscanned, whenDecided } from './consent.js';
import { learn, t, translate } from './i18n.js';
import { prompted } from './prompts.js';
import { readCode } from './read.js';
import { shown } from './shown.js';
import { askWho, go, signInAgain, whenSignedIn } from './sign_in.js';
import { typed } from './typed.js';
import { $, arrive, busy, state } from './view.js';
import { phoneWords } from './words/phone.js';
import { scopeWords } from './words/scopes.js';

// `null` if the address holds no code. The page says so before it asks the person to sign in.
const code = readCode(location.href);
const stepOf = (name) => `/q/${code}/${name}`;
// What the service calls an ending, and what this page calls it. If the state is none of these, the page shows no ending.
const ENDINGS = { confirmed: 'confirmed', redeemed: 'confirmed', cancelled: 'cancelled' };

/** What to do with a code that was scanned. */
const scanned = {
  async begin() {
    go('loading');
    const answer = await postAs(stepOf('scan'), {});
    if (answer.status !== 200) return refuse(answer);
    if (answer.body.state in ENDINGS) return go(ENDINGS[answer.body.state]);
    ask(answer.body, tellGone);
  },

  async decide(accept, matchNumber) {
    const answer = await postAs(stepOf(accept ? 'confirm' : 'cancel'), matchNumber ? { matchNumber } : {});
    if (state() !== 'consent') return; // it ran out meanwhile
    if (answer.status !== 200) return refuse(answer);
    if (!(answer.body.state in ENDINGS)) return fail('');
    $('ready').hidden = answer.body.asksNextTime !== true;
    go(ENDINGS[answer.body.state]);
  },

  /** The request is bound to the person who scanned it; given back, the screen can offer a new code at once. */
  async leave() {
    if (state() !== 'consent') return 'phone.signedOutOnly';
    const answer = await postAs(stepOf('cancel'), {});
    return answer.body.state === 'cancelled' ? 'phone.signedOut' : 'phone.signedOutOnly';
  },
};

/** A person who came from their own page goes back there, at the login that a notice was about. */
const goingBack = {
  ...prompted,
  begin: () => location.replace(`/account${location.hash}`),
};

const wentOut = unscanned && new URLSearchParams(location.search).get('then') === 'account';
const typing = /^\/device\/?$/.test(location.pathname);
const way = wentOut ? goingBack : unscanned ? prompted : typing ? typed : scanned;

/** What is said and offered only where a code was scanned, where one is typed, or where there is none. */
function dress() {
  const here = unscanned ? 'prompt' : typing ? 'type' : 'scan';
  for (const element of document.querySelectorAll(`[data-t-${here}]`)) {
    element.dataset.t = element.getAttribute(`data-t-${here}`);
  }
  for (const element of document.querySelectorAll(`[data-only]:not([data-only=${here}])`)) element.remove();
}

async function start() {
  if (way === scanned && !code) return go('gone', { focus: false });
  await shown(); // a page that was only loaded ahead claims no code
  if (!signedIn()) return askWho();
  return way.begin();
}

async function signOutHere() {
  const note = await way.leave();
  await signOut();
  signInAgain(t(note), { over: way === scanned });
}

arrive();
learn(phoneWords);
learn(scopeWords);
dress();
translate();
whenSignedIn(way.begin);
whenDecided(way.decide);
$('sign-out').addEventListener('click', () => busy($('sign-out'), signOutHere));
$('retry').addEventListener('click', () => {
  busy($('retry'), async () => ($('retry').dataset.does === 'retry' ? way.begin() : signInAgain('')));
});
start();
