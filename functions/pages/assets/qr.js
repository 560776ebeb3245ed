// Shows a code, asks how it is doing, and goes where the answer says. Whose codes they are, and which calls they take, a
// source says: own_codes.js for our own page, asked_codes.js for a site's, widget_codes.js for the widget. Where the code
// stands, a view says: view.js for a page of ours, widget.js for an element on a page of a site.

import { clock, countdown } from './clock.js';
import { rotating } from './frames.js';
import { recall, remember } from './kept.js';
import { shown } from './shown.js';
import { say } from './view_of.js';
import { watch } from './watch.js';

const PACE = 2; // seconds to the next poll, where the answer does not say
const WATCHED_PACE = 15; // the same while a socket is open, which says when something has changed
const BACKOFF = [2, 4, 8, 15, 30]; // seconds after the first, second, … failure in a row
const RENEWALS = 5; // a forgotten tab must not ask for codes all night
const ERRORS = 3; // -1 this often in a row is no hiccup
const CLOSEST_MS = 1100; // the service refuses more than one poll a second
const NEXT_PAGE_MS = 20_000; // a site that does not answer for so long is said to hang
const LONG_OVER_MS = 86_400_000; // a code that ended so long ago is not asked about, even by a clock that is wrong
const OVER = ['cancelled', 'expired', 'error']; // a code that was like this before a reload is not shown again

/**
 * Shows a code in a view (`viewOf`, with the words `t`), and listens to the person and the browser. `source` is the source of
 * the codes:
 *
 * - `kept` names where this tab keeps its code, and the secret that it polls with, over a reload; `about` says what the
 *   code is for. A code that is kept for something else is not shown.
 * - `open(replaced)` asks for a code, which ends the one with the secret `replaced`. A good answer has `svg` or `rotate`,
 *   `code`, `pollToken`, `expiresIn` in seconds, `matchNumber` unless the screen shows none, and what watch.js takes, if
 *   anything.
 * - `isOver(answer)`, if it is there, says whether to stop, because no code can help or none is needed. It tells the person
 *   itself.
 * - `opened(code)`, if it is there, is told what came with a code before it is shown, and answers what to say of it to
 *   those who listen; `names` fills the headings.
 * - `ask(pollToken)` answers with a `state`: waiting, scanned, confirmed (and in the body the `url` to go on at),
 *   cancelled, used, expired or error; none when the answer does not say.
 * - `leadsOn(url)` says whether that is an address to go on at, and `leave(url, pollToken)` goes there.
 * - `here(code)`, if it is there, is the address for those who cannot scan; else it is the phone's page of that code.
 *
 * Answers with ways to stop and to go on. It reads like a module: what stands in it belongs to one code on one screen.
 */
export function showCode(source, view) {
  const { $, all, announce, show, state, takesFocus, t } = view;
  const gone = new AbortController(); // nothing listens any more

  // One attempt is one code on the screen. It polls with a secret of its own, so two tabs leave each other alone.
  // What comes back for an older one is ignored.
  let attempt = { stop() {}, pause() {} };
  let renewals = 0;
  let unopened = 0;
  let renewOnReturn = false;

  function begin() {
    attempt.stop();
    const mine = { failures: 0, errors: 0, polledAt: 0, socket: watch({}) };
    mine.stop = () => {
      mine.pause();
      remember(source.kept, null);
    };
    mine.pause = () => {
      clearTimeout(mine.timer);
      mine.stopCounting?.();
      mine.frames?.stop();
      mine.socket.stop();
      mine.over = true;
    };
    attempt = mine;
    return mine;
  }

  /** Shows a state with its heading and the line beneath it. */
  function tell(next, { lead = t(`screen.lead.${next}`), focus = takesFocus(), detail } = {}) {
    $('title').textContent = t(`screen.title.${next}`, source.names);
    $('lead').textContent = lead;
    // Only a code that can be scanned is described as one.
    $('qr').alt = next === 'waiting' ? t('screen.qrAlt') : '';
    if (next !== 'waiting') say($('note'), '');
    show(next, { focus, detail });
    if (!$('again').hidden) $('again-label').textContent = t(next === 'error' ? 'screen.tryAgain' : 'screen.again');
    // A screen reader reads the heading when it gets the focus. It does not read the line beneath it, or a change that
    // comes by itself.
    if (next !== 'loading' && next !== 'waiting') announce(focus ? lead : `${$('title').textContent} ${lead}`);
  }

  /**
   * Asks for a code and draws it. `focus` when a person asked: the button they pressed goes away. The code with the secret
   * `replaced` ends when the new one is there.
   */
  async function open({ note = '', focus = false, replaced = attempt.pollToken ?? attempt.replaced } = {}) {
    const mine = begin();
    mine.replaced = replaced;
    renewOnReturn = false;
    number(''); // a number belongs to its code
    tell('loading', { focus });
    await shown();
    if (mine.over) return;
    const answer = await source.open(replaced);
    if (mine.over) return;
    if (source.isOver?.(answer)) return mine.stop();
    if (answer.status !== 200 || !answer.body.pollToken) return openLater(mine, answer);
    unopened = 0;
    const { expiresIn, ...code } = answer.body;
    const opened = { ...code, about: source.about, endsAt: Date.now() + expiresIn * 1000 };
    draw(mine, opened, code.rotate?.age);
    remember(source.kept, opened);
    say($('note'), note);
    if (note) announce(note);
    later(mine, answer);
  }

  /** After a reload: goes on with the code that was on the screen, which may have been scanned. */
  async function resume() {
    const kept = recall(source.kept);
    if (!kept?.pollToken || Date.now() - kept.endsAt > LONG_OVER_MS) return open();
    if (kept.about !== source.about) return open({ replaced: kept.pollToken });
    const mine = begin();
    mine.pollToken = kept.pollToken;
    mine.polledAt = performance.now();
    tell('loading', { focus: false });
    await shown();
    const answer = await source.ask(mine.pollToken);
    if (mine.over) return;
    if (OVER.includes(answer.state)) return open();
    draw(mine, kept, answer.body.age);
    remember(source.kept, kept);
    heed(mine, answer);
  }

  /** No code came: says so, and asks again when the service says, else ever more slowly. */
  function openLater(mine, answer) {
    const seconds = answer.retryAfter || BACKOFF[Math.min(unopened, BACKOFF.length - 1)];
    unopened += 1;
    mine.unreached = answer.status === 0;
    const busy = answer.status === 429;
    const lead = busy ? t('screen.lead.busy', { seconds }) : mine.unreached ? t('error.offline') : undefined;
    tell('error', { lead, detail: busy ? 'too_many_requests' : '' });
    mine.timer = setTimeout(() => open(), seconds * 1000);
  }

  function number(text) {
    for (const element of all('[data-number]')) element.textContent = text;
  }

  /** The picture, and the same address as a link; no picture while it is not known which one is good. */
  function picture(svg, code) {
    $('qr').hidden = !svg;
    if (!svg) return;
    $('qr').src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    $('here').href = source.here?.(code) ?? `/q/${encodeURIComponent(code)}`;
  }

  /** Shows a code. `age`: how many seconds ago it was opened; only a code that rotates needs it. */
  function draw(mine, opened, age) {
    const { svg, rotate, code, pollToken, matchNumber, endsAt } = opened;
    const news = source.opened?.(opened);
    number(matchNumber);
    for (const part of all('[data-numbered]')) {
      part.hidden = (part.dataset.numbered === 'yes') !== Boolean(matchNumber);
    }
    mine.pollToken = pollToken;
    mine.number = matchNumber;
    mine.endsAt = endsAt;
    mine.frames = rotate && rotating(rotate, (frame, tag) => picture(frame, `${code}-${tag}`), lookNow);
    if (rotate) mine.frames.at(age);
    else picture(svg, code);
    mine.stopCounting = countdown(endsAt, (left) => {
      $('countdown').textContent = clock(left);
      if (left === 60 || left === 10) announce(t('screen.secondsLeft', { seconds: left }));
      // Only the service says that the code is over: the clock on the wall may have been set.
      if (left === 0) lookNow();
    });
    mine.socket = watch(opened, (told) => lookToldBySocket(mine, told));
    tell('waiting', { focus: false }); // the same heading as while loading
    // Where the person is asked on their phone, nothing is left to scan.
    if (opened.asked) heed(mine, { state: 'scanned', body: {}, retryAfter: 0 });
    if (news) announce(news);
  }

  /** Plans the next poll: when the service said, after a failure ever more slowly. */
  function later(mine, { body, retryAfter }) {
    const pace = mine.failures > 0
      ? BACKOFF[Math.min(mine.failures, BACKOFF.length) - 1]
      : Date.now() >= mine.endsAt ? PACE : mine.socket.isOpen() ? WATCHED_PACE : (body.pollAfter ?? PACE);
    clearTimeout(mine.timer);
    // Other people behind the same address may be why the service says to wait for long. The phone may have confirmed.
    mine.timer = setTimeout(() => poll(mine), Math.max(pace, Math.min(retryAfter, WATCHED_PACE)) * 1000);
  }

  async function poll(mine) {
    mine.polledAt = performance.now();
    const answer = await source.ask(mine.pollToken);
    if (!mine.over) heed(mine, answer);
  }

  function heed(mine, answer) {
    const now = answer.state;
    if (source.isOver?.(answer)) return mine.stop();
    if (now === undefined) {
      mine.failures += 1;
      if (answer.status !== 429) say($('note'), t('offline'));
      return later(mine, answer);
    }
    if (answer.body.age >= 0) mine.frames?.at(answer.body.age);
    if (mine.failures > 0) say($('note'), '');
    mine.failures = 0;

    if (now === 'confirmed') return enter(mine, answer.body.url);
    if (now === 'expired') return expire();
    mine.errors = now === 'error' ? mine.errors + 1 : 0;
    if (['cancelled', 'used'].includes(now) || mine.errors >= ERRORS) {
      mine.stop();
      return tell(now);
    }
    if (now === 'scanned' && state() !== 'scanned') {
      tell('scanned', { lead: t(mine.number ? 'screen.lead.scanned' : 'screen.lead.scannedPlain', { number: mine.number }) });
    }
    later(mine, answer);
  }

  function expire() {
    attempt.stop();
    // The page is out of sight: a new code waits until it is seen.
    renewOnReturn = document.hidden && renewals < RENEWALS;
    if (document.hidden || renewals >= RENEWALS) return tell('expired', { detail: renewOnReturn ? 'unseen' : '' });
    renewals += 1;
    open({ note: t('screen.renewed') });
  }

  function enter(mine, url) {
    mine.stop();
    if (!source.leadsOn(url ?? '')) return tell('error');
    tell('signing-in');
    // A site that never answers leaves this page standing.
    mine.timer = setTimeout(() => tell('stuck'), NEXT_PAGE_MS);
    source.leave(url, mine.pollToken);
  }

  /** Asks for a new code, because the person wants one. */
  function startOver() {
    renewals = 0;
    open({ focus: takesFocus() });
  }

  /** Looks at once instead of when it was planned, but not twice within a second, by the clock that cannot be set. */
  function lookNow() {
    const mine = attempt;
    if (mine.over || !(mine.endsAt || mine.unreached)) return;
    clearTimeout(mine.timer);
    // A network that has just come back is given a moment before a whole new code is asked for.
    if (!mine.endsAt) mine.timer = setTimeout(() => open(), CLOSEST_MS);
    else mine.timer = setTimeout(() => poll(mine), Math.max(0, mine.polledAt + CLOSEST_MS - performance.now()));
  }

  /** Looks at once, and if it was told of a change and saw none, once more: what was read first may have been a moment old. */
  async function lookToldBySocket(mine, told) {
    const before = state();
    clearTimeout(mine.timer);
    await poll(mine);
    if (mine.over || !told || state() !== before) return;
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => poll(mine), CLOSEST_MS);
  }

  /** Listens to the person and the browser, until the code leaves the page. */
  function listen() {
    const { signal } = gone;
    $('again').addEventListener('click', startOver, { signal });
    $('restart').addEventListener('click', startOver, { signal });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      attempt.frames?.look(); // a good code the moment the page is seen
      if (renewOnReturn) return expire();
      lookNow(); // back from elsewhere, perhaps from the phone
    }, { signal });
    window.addEventListener('online', lookNow, { signal });
    // Coming back with the browser's back button finds the page as it was left. A code that led on is used.
    window.addEventListener('pageshow', (event) => {
      if (event.persisted && attempt.over) startOver();
    }, { signal });
  }

  listen();
  resume();
  return {
    startOver,
    /** The secret of the code on the page, or of the one before it. */
    shownSecret: () => attempt.pollToken ?? attempt.replaced,
    /** Shows no more codes: the browser is about to leave, or there is nothing left to show. */
    stopCode: () => attempt.stop(),
    /** Asks and listens no more, but leaves the code as it is: a page that shows it again in this tab goes on with it. */
    pauseCode() {
      attempt.pause();
      gone.abort();
    },
  };
}
