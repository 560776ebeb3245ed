// At /phone: the sign-ins that wait for this person without a scan. Looks for them while somebody looks at
// the page, and shows one after the other, the newest first.

import * as account from './account.js';
import { ask, isFinal, petition, refuse } from './consent.js';
import { t, timeOfDay } from './i18n.js';
import { go } from './sign_in.js';
import { $, announce, busy, say, state } from './view.js';

const PACE = 3; // seconds between looks
const BACKOFF = [3, 6, 12, 30]; // seconds after the first, second, … failure in a row
const HICCUPS = 2; // so many failures in a row are worth a word
const ENDING_MS = 6000;
const STOPPED_MS = 20_000; // there is more to read when a wrong number was picked
const SETTLE_MS = 500; // a press meant for what was there before must decide nothing

let watching = false; // whether news may change what is shown
let asking = false;
let failures = 0;
let timer = 0;
let waiting = []; // newest first
let shown = ''; // the trace of the request on the page
const decided = new Set(); // a list that is a moment old may still name these

/** Waits for requests. */
export function begin() {
  [waiting, shown, failures] = [[], '', 0];
  say($('last'), '');
  go('loading');
  return watch();
}

/** Waits no more. Answers what to tell the person who signs out: an open request stays unanswered. */
export function leave() {
  pause();
  return 'phone.signedOutOnly';
}

function watch() {
  watching = true;
  return look();
}

function pause() {
  watching = false;
  clearTimeout(timer);
}

async function look() {
  if (!watching) return;
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  const answer = await account.get('/login/pending');
  asking = false;
  if (!watching) return;
  if (Array.isArray(answer.body.pending)) return take(answer.body.pending);
  if (isFinal(answer) && answer.status !== 404) {
    pause();
    return refuse(answer);
  }
  failures += 1;
  if (failures >= HICCUPS && state() !== 'consent') rest();
  later(Math.max(BACKOFF[Math.min(failures, BACKOFF.length) - 1], answer.retryAfter));
}

/** Looks again in a while; whoever comes back to the page need not wait for it. */
function later(seconds) {
  clearTimeout(timer);
  timer = setTimeout(look, seconds * 1000);
}

function take(pending) {
  failures = 0;
  const at = ({ consent }) => consent?.seen?.at ?? 0;
  waiting = pending.filter(({ traceId }) => !decided.has(traceId)).sort((one, other) => at(other) - at(one));
  later(PACE);
  if (state() !== 'consent') return waiting.length > 0 ? present(waiting[0]) : rest();
  // The question under somebody's finger never changes; it only ends.
  if (waiting.every(({ traceId }) => traceId !== shown)) return end('gone');
  count();
}

/** Nothing waits, as far as we can tell. */
function rest() {
  const words = t(failures > 0 ? 'screen.offline' : 'prompts.title');
  const news = $('prompts-title').textContent !== words;
  $('prompts-title').textContent = words;
  if (state() === 'prompts' && news) announce(words);
  if (state() !== 'prompts' || news) go('prompts');
}

function present(prompt) {
  shown = prompt.traceId;
  say($('last'), '');
  ask(prompt, () => watching && end('gone'));
  if (state() !== 'consent') return; // it had no time left
  count();
  announce(petition(prompt.consent), $('alarm'));
  const buttons = $('confirm').parentElement;
  buttons.inert = true;
  setTimeout(() => { buttons.inert = false; }, SETTLE_MS);
}

/** Says how many wait, on the page and in its title. */
function count() {
  const more = waiting.length - 1;
  const words = more > 0 ? t(more === 1 ? 'prompt.oneMore' : 'prompt.more', { more }) : '';
  if (words && words !== $('queue').textContent) announce(words);
  say($('queue'), words);
  document.title = `(${waiting.length}) ${document.title.replace(/^\(\d+\) /, '')}`;
}

/** Answers the request on the page. */
export async function decide(accept, matchNumber) {
  pause();
  const answer = await account.post('/login/answer', { traceId: shown, accept, matchNumber });
  if (state() !== 'consent') return; // signed out meanwhile
  if (answer.status === 200) return end(answer.body.state === 'confirmed' ? 'confirmed' : 'cancelled');
  if (answer.status === 404) return end('gone');
  refuse(answer);
  if (state() === 'consent') return watch();
  if (state() === 'error' && $('retry').dataset.does === 'retry') close(STOPPED_MS);
}

/** Shows how it ended, for a moment; that it was over unanswered, until the next one comes. */
function end(ending) {
  pause();
  go(ending);
  if (ending === 'gone') say($('last'), t('prompts.last', { time: timeOfDay(new Date()) }));
  announce($(`${ending}-lead`).textContent);
  close(ENDING_MS);
}

function close(after) {
  decided.add(shown);
  shown = '';
  clearTimeout(timer);
  timer = setTimeout(watch, after);
}

// Out of sight nothing is asked; back in sight, at once.
document.addEventListener('visibilitychange', look);
window.addEventListener('online', look);
$('back').addEventListener('click', () => busy($('back'), watch));
