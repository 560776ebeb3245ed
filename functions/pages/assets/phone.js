// The phone: who are you, who asks, and what do you decide. Nothing is ever confirmed without a press.
// At /q/{code} somebody scanned a code; at /phone requests come by themselves (prompts.js).

import * as account from './account.js';
import { ask, refuse, unscanned, whenDecided } from './consent.js';
import { t, translate } from './i18n.js';
import * as prompts from './prompts.js';
import { askWho, go, signInAgain, whenSignedIn } from './sign_in.js';
import { $, busy, state } from './view.js';

const [, written] = /^\/q\/([0-9a-z-]{1,52})\/?$/i.exec(location.pathname) ?? [];
// What cannot be a code (the service's alphabet and length) is told so before anybody signs in for it.
const code = /^[0-9a-tv-z]{26}$/i.test(written?.replaceAll('-', '')) ? written : undefined;
const address = (step) => `/q/${encodeURIComponent(code)}/${step}`;

/** What to do with a code that was scanned. */
const scanned = {
  async begin() {
    go('loading');
    const answer = await account.post(address('scan'), {});
    if (answer.status !== 200) return refuse(answer);
    if (answer.body.state === 'confirmed') return go('confirmed');
    ask(answer.body, () => go('gone'));
  },

  async decide(accept, matchNumber) {
    const [step, ending] = accept ? ['confirm', 'confirmed'] : ['cancel', 'cancelled'];
    const answer = await account.post(address(step), matchNumber ? { matchNumber } : {});
    if (state() !== 'consent') return; // it ran out meanwhile
    if (answer.status !== 200) return refuse(answer);
    $('ready').hidden = answer.body.asksNextTime !== true;
    go(ending);
  },

  /** The request is bound to whoever scanned it; given back, the screen can offer a new code at once. */
  async leave() {
    if (state() !== 'consent') return 'phone.signedOutOnly';
    await account.post(address('cancel'), {});
    return 'phone.signedOut';
  },
};

const way = unscanned ? prompts : scanned;

/** What is said and offered only where nothing was scanned, or only where something was. */
function dress() {
  const [here, elsewhere] = unscanned ? ['prompt', 'scan'] : ['scan', 'prompt'];
  for (const element of document.querySelectorAll(`[data-t-${here}]`)) {
    element.dataset.t = element.getAttribute(`data-t-${here}`);
  }
  for (const element of document.querySelectorAll(`[data-only=${elsewhere}]`)) element.remove();
}

function start() {
  if (!code && !unscanned) return go('gone', { focus: false });
  if (!account.signedIn()) return askWho();
  return way.begin();
}

async function signOut() {
  const note = await way.leave();
  await account.signOut();
  signInAgain(t(note), { over: !unscanned });
}

dress();
translate();
whenSignedIn(way.begin);
whenDecided(way.decide);
$('sign-out').addEventListener('click', () => busy($('sign-out'), signOut));
$('retry').addEventListener('click', () => {
  busy($('retry'), async () => ($('retry').dataset.does === 'retry' ? way.begin() : signInAgain('')));
});
start();
