// At /phone: the sign-ins that wait for this person without a scan. Looks for them while the page is in
// sight, and shows one after the other, the newest first.

import { getAs, postAs, serviceTime } from './account.js';
import { ask, fail, isFinal, isOver, isUnread, petition, refuse, tellGone } from './consent.js';
import { t, timeOfDay } from './i18n.js';
import { go } from './sign_in.js';
import { $, announce, busy, say, state } from './view.js';

const LOOK_EVERY = 3; // seconds between looks
const LOOK_AFTER = [3, 6, 12, 30]; // seconds after the first, second, … failure in a row
const HICCUPS = 2; // so many failures in a row are worth a word
const ENDING_MS = 6000;
const STOPPED_MS = 20_000; // there is more to read when a wrong number was picked
const SETTLE_MS = 500; // a press meant for what was there before must decide nothing

let watching = false; // whether news may change what is shown
let asking = false;
let failures = 0;
let unread = false; // whether the answer to the person's decision was lost
let timer = 0;
let waiting = []; // newest first
let onPage = ''; // the trace of the request on the page
const decided = new Set(); // a list that is a moment old may still name these

/** Waits for requests. */
function begin() {
  [waiting, onPage, failures] = [[], '', 0];
  say($('last'), '');
  go('loading');
  return watch();
}

/** Waits no more. Answers what to tell the person who signs out: an open request stays unanswered. */
function leave() {
  stopWatching();
  return 'phone.signedOutOnly';
}

function watch() {
  watching = true;
  return look();
}

function stopWatching() {
  watching = false;
  clearTimeout(timer);
}

async function look() {
  if (!watching) return;
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  const answer = await getAs('/login/pending', { tries: 1 });
  asking = false;
  if (!watching) return;
  if (Array.isArray(answer.body.pending)) return take(answer.body.pending);
  if (isFinal(answer) && answer.status !== 404) {
    stopWatching();
    return refuse(answer);
  }
  failures += 1;
  const silent = failures < HICCUPS && state() !== 'loading';
  if (!silent && state() !== 'consent') showNone();
  lookLater(Math.max(LOOK_AFTER[Math.min(failures, LOOK_AFTER.length) - 1], answer.retryAfter));
}

/** Looks again in a while; coming back to the page looks at once. */
function lookLater(seconds) {
  clearTimeout(timer);
  timer = setTimeout(look, seconds * 1000);
}

function take(pending) {
  failures = 0;
  const at = ({ consent }) => consent?.seen?.at ?? 0;
  waiting = pending.filter(({ traceId }) => !decided.has(traceId)).sort((one, other) => at(other) - at(one));
  lookLater(LOOK_EVERY);
  if (state() !== 'consent') return waiting.length > 0 ? present(waiting[0]) : showNone();
  // The question that a person is about to answer never changes; it only ends.
  if (waiting.every(({ traceId }) => traceId !== onPage)) return end('gone');
  count();
}

/** Nothing waits, as far as we can tell. */
function showNone() {
  const words = t(failures > 0 ? 'offline' : 'prompts.title');
  const news = $('prompts-title').textContent !== words;
  $('prompts-title').textContent = words;
  if (state() === 'prompts' && news) announce(words);
  if (state() !== 'prompts' || news) go('prompts');
}

function present(prompt) {
  onPage = prompt.traceId;
  unread = false;
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
async function decide(accept, matchNumber) {
  stopWatching();
  const answer = await postAs('/login/answer', { traceId: onPage, accept, matchNumber });
  if (state() !== 'consent') return; // signed out meanwhile
  unread = isUnread(answer);
  if (['confirmed', 'cancelled'].includes(answer.body.state)) return end(answer.body.state);
  if (answer.status === 200) return fail(''); // a state this page does not know: it shows no ending
  if (isOver(answer)) return end('gone');
  refuse(answer);
  if (state() === 'consent') return watch();
  if (state() === 'error' && $('retry').dataset.does === 'retry') close(STOPPED_MS);
}

/** Shows how the request ended, then waits again. If it ended without an answer here, the waiting page keeps saying so until the next request. */
function end(ending) {
  stopWatching();
  if (ending === 'gone') tellGone({ unread });
  else go(ending);
  say($('last'), ending === 'gone' && !unread ? lastEnded() : '');
  announce($(`${ending}-lead`).textContent);
  close(ENDING_MS);
}

function lastEnded() {
  const at = serviceTime();
  return Number.isFinite(at) ? t('prompts.last', { time: timeOfDay(new Date(at)) }) : t('prompts.lastUndated');
}

function close(after) {
  decided.add(onPage);
  onPage = '';
  clearTimeout(timer);
  timer = setTimeout(watch, after);
}

export const prompted = { begin, decide, leave };

// Out of sight nothing is asked; back in sight, at once.
document.addEventListener('visibilitychange', look);
window.addEventListener('online', look);
$('back').addEventListener('click', () => busy($('back'), watch));
