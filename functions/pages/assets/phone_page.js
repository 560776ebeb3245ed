// What every way into the phone's page shares: the person signs in first, then the way begins.

import { signedIn, signOut } from './account.js';
import { whenDecided } from './consent.js';
import { learn, t, translate } from './i18n.js';
import { shown } from './shown.js';
import { askWho, go, signInAgain, whenSignedIn } from './sign_in.js';
import { $, arrive, busy } from './view.js';
import { phoneWords } from './words/phone.js';
import { scopeWords } from './words/scopes.js';

/** What is said and offered only where a code was scanned, where one is typed, or where there is none. */
function dress(here) {
  for (const element of document.querySelectorAll(`[data-t-${here}]`)) {
    element.dataset.t = element.getAttribute(`data-t-${here}`);
  }
  for (const element of document.querySelectorAll(`[data-only]:not([data-only=${here}])`)) element.remove();
}

/**
 * Runs the page. `way` says what to do before the person signs in (`arrive`, if it is there: it answers whether they may),
 * once they are signed in (`begin`), when they decide (`decide`) and when they
 * sign out (`leave`). `here` names the parts and texts of this way: `scan`, `prompt` or `type`; `words` are its own. `over`: signing out ends the page.
 * `gone`: there is nothing to begin with.
 */
export function run(way, { here, words = {}, over = false, gone = false }) {
  const start = async () => {
    if (gone) return go('gone', { focus: false });
    await shown(); // a page that was only loaded ahead claims no code
    return enter();
  };
  const enter = async () => {
    if (signedIn()) return way.begin();
    if (!way.arrive || await way.arrive()) askWho();
  };
  const signOutHere = async () => {
    const note = await way.leave();
    await signOut();
    signInAgain(t(note), { over });
  };
  arrive();
  learn(phoneWords);
  learn(scopeWords);
  learn(words);
  dress(here);
  translate();
  whenSignedIn(way.begin);
  whenDecided(way.decide);
  $('sign-out').addEventListener('click', () => busy($('sign-out'), signOutHere));
  $('retry').addEventListener('click', () => {
    busy($('retry'), async () => ($('retry').dataset.does === 'retry' ? enter() : signInAgain('')));
  });
  start();
}
