// At /phone: the sign-ins that wait for this person without a scan. Looks for them while the page is in
// sight, and shows one after the other, the newest first. A socket says when to look; whatever happens to it, the page looks
// as well, only less often while it is open.

import { getAs, postAs, serviceTime } from './account.js';
import { ask, fail, isFinal, isOver, isUnread, petition, refuse, tellGone } from './consent.js';
import { t, timeOfDay } from './i18n.js';
import { go } from './sign_in.js';
import { $, announce, busy, say, state } from './view.js';
import { watch } from './watch.js';

const LOOK_EVERY = 3; // seconds between looks, where the answer does not say
const WATCHED_EVERY = 15; // the same while a socket is open
const LOOK_AGAIN = 1.1; // seconds to the next look when the one that the socket asked for showed nothing new
const WATCH_AGAIN_MS = 600_000; // after so long the page watches with a new token; the service tells a phone for 15 minutes
const LOOK_AFTER = [3, 6, 12, 30]; // seconds after the first, second, … failure in a row
const HICCUPS = 2; // so many failures in a row are worth a word
const ENDING_MS = 6000;
const STOPPED_MS = 20_000; // there is more to read when a wrong number was picked
const SETTLE_MS = 500; // a press meant for what was there before must decide nothing

let listening = false; // whether news may change what is shown
let asking = false;
let told = false; // whether the socket said that something has changed, and the page has not looked since
let socket = null;
let watchedAt = 0; // when the socket was asked for
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
  unwatch(); // another person may have been signed in
  go('loading');
  return listen();
}

/** Waits no more. Answers what to tell the person who signs out: an open request stays unanswered. */
function leave() {
  stopListening();
  unwatch();
  return 'phone.signedOutOnly';
}

function listen() {
  listening = true;
  return look();
}

function stopListening() {
  listening = false;
  clearTimeout(timer);
}

/** Keeps a socket with a token that is good. */
function keepWatching(answer) {
  if (socket && Date.now() - watchedAt < WATCH_AGAIN_MS) return;
  unwatch();
  watchedAt = Date.now();
  socket = watch(answer, (changed) => {
    told ||= changed;
    look();
  });
}

function unwatch() {
  socket?.stop();
  socket = null;
}

async function look() {
  if (!listening) return;
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  const wasTold = told;
  told = false;
  const answer = await getAs('/login/pending', { tries: 1 });
  asking = false;
  if (!listening) return;
  if (Array.isArray(answer.body.pending)) return take(answer.body, wasTold);
  if (isFinal(answer) && answer.status !== 404) {
    stopListening();
    unwatch();
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

/** The ids of what waits. */
const ids = () => waiting.map(({ traceId }) => traceId).join();

/** Takes an answer. `wasTold`: the socket had said that something changed. */
function take(answer, wasTold) {
  failures = 0;
  const before = ids();
  const at = ({ consent }) => consent?.seen?.at ?? 0;
  waiting = answer.pending.filter(({ traceId }) => !decided.has(traceId)).sort((one, other) => at(other) - at(one));
  keepWatching(answer);
  // What the socket spoke of may have come while the answer was on its way, or after the copy that it was read from.
  const unseen = told || (wasTold && ids() === before);
  lookLater(unseen ? LOOK_AGAIN : socket.isOpen() ? WATCHED_EVERY : (answer.pollAfter ?? LOOK_EVERY));
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
  ask(prompt, () => listening && end('gone'));
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
  stopListening();
  const answer = await postAs('/login/answer', { traceId: onPage, accept, matchNumber });
  if (state() !== 'consent') return; // signed out meanwhile
  unread = isUnread(answer);
  if (['confirmed', 'cancelled'].includes(answer.body.state)) return end(answer.body.state);
  if (answer.status === 200) return fail(''); // a state this page does not know: it shows no ending
  if (isOver(answer)) return end('gone');
  refuse(answer);
  if (state() === 'consent') return listen();
  if (state() === 'error' && $('retry').dataset.does === 'retry') close(STOPPED_MS);
}

/** Shows how the request ended, then waits again. If it ended without an answer here, the waiting page keeps saying so until the next request. */
function end(ending) {
  stopListening();
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
  timer = setTimeout(listen, after);
}

export const prompted = { begin, decide, leave };

// Out of sight nothing is asked; back in sight, at once.
document.addEventListener('visibilitychange', look);
window.addEventListener('online', look);
window.addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  unwatch(); // it ended when the page was left
  look();
});
$('back').addEventListener('click', () => busy($('back'), listen));
