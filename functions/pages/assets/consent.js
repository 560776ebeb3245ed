// The question, asked the same way whether the person scanned a code or a device asks by itself; and what
// to say when there is no good answer.

import { serviceTime } from './account.js';
import { excuse } from './excuse.js';
import { ago, isolate, t, translateBrowser } from './i18n.js';
import { showLogo } from './logo.js';
import { askForProof, endProof } from './proof.js';
import { tellScopes } from './scopes.js';
import { go, signInAgain } from './sign_in.js';
import { $, busy, clock, countdown, list, say, state } from './view.js';

// Reasons that no new try can change. words/phone.js has a title and a lead for each.
const FINAL_REASONS = ['stale_code', 'claimed_by_another', 'wrong_match_number', 'not_an_approver'];

/** Whether requests come to this page by themselves: at /phone nothing was scanned. */
export const unscanned = /^\/phone\/?$/.test(location.pathname) && !new URLSearchParams(location.search).has('client');

let policy = 'show'; // what this client wants done with the match number
let stopCounting = () => {};

/** Lays out who asks, what they say and what we saw; `over` is called when the time has run out. */
export function ask({ consent, expiresIn }, over) {
  const { client = {}, screen = {}, seen = {}, matchNumber = {} } = consent;
  introduce(client, screen);
  tellScopes(consent.scopes);
  $('seen-part').hidden = !list($('seen'), [
    [t('consent.browser'), seen.browser && translateBrowser(seen.browser), 'seen-browser'],
    [t('consent.ip'), seen.ip, 'seen-ip'],
    [t('consent.network'), networkOf(seen), 'seen-network'],
    [t(unscanned ? 'prompt.at' : 'consent.at'), timeSince(seen.at), 'seen-at'],
  ]);
  $('claims-part').hidden = !list($('claims'), [
    [t('consent.deviceName'), screen.deviceName, 'claim-name'],
    [t('consent.deviceMac'), screen.deviceMac, 'claim-mac'],
    [t('consent.message'), consent.bindingMessage, 'claim-message'],
  ]);
  say($('elsewhere'), seen.sameNetwork === false && !unscanned ? t('consent.elsewhere') : '');
  offerNumbers(matchNumber);
  say($('consent-problem'), '');
  endProof();
  go('consent');
  stopCounting();
  stopCounting = countdown(Date.now() + expiresIn * 1000, (left) => {
    if (state() !== 'consent') return stopCounting();
    $('remaining').textContent = clock(left);
    if (left === 0) over();
  });
}

/** Whether the screen is on this phone's network, where the service can tell. */
function networkOf({ sameNetwork }) {
  if (typeof sameNetwork !== 'boolean') return '';
  return t(sameNetwork ? 'consent.networkSame' : 'consent.networkOther');
}

/** How long ago the service saw the screen, by the service's own clock: this phone's may be hours wrong. */
function timeSince(seconds) {
  const passed = Math.round(serviceTime() / 1000 - seconds);
  return Number.isFinite(passed) ? ago(passed) : '';
}

/** Who asks, and on what: "Reading Club wants to sign you in on PC 2441eadf." */
export function petition({ client = {}, screen = {} }) {
  return `${client.name || client.id || ''} ${asks(screen)}`.trim();
}

function asks({ deviceName }) {
  if (!unscanned) return t('consent.asks');
  if (!deviceName) return t('prompt.asksSomewhere');
  return t('prompt.asks', { device: isolate(deviceName) });
}

function introduce({ name = '', id = '', logo }, screen) {
  const shown = name || id;
  $('client-name').textContent = shown;
  $('client-asks').textContent = asks(screen);
  $('client-letter').textContent = [...shown][0]?.toUpperCase() ?? '';
  $('client-letter').hidden = showLogo($('client-logo'), logo);
}

function offerNumbers({ policy: wanted = 'off', choices = [] }) {
  policy = choices.length > 0 ? wanted : 'off';
  $('match').hidden = policy === 'off';
  $('numbers').replaceChildren(...choices.map((number) => tile(number, number, 'match-choice')));
  // Screens of this client may show no number. To say so is a choice of its own, and it comes with a warning.
  $('no-number').replaceChildren(...(policy === 'show' ? [tile('', t('consent.noNumber'), 'match-none')] : []));
  warnWithoutNumber();
}

/** One of the answers to which number the screen shows. */
function tile(value, words, testid) {
  const label = document.createElement('label');
  const radio = document.createElement('input');
  const text = document.createElement('span');
  label.className = value ? 'tile digits' : 'tile wide';
  label.dataset.testid = testid;
  label.dataset.value = value;
  radio.type = 'radio';
  radio.name = 'match';
  radio.value = value;
  radio.required = true;
  radio.addEventListener('change', warnWithoutNumber);
  text.textContent = words;
  label.append(radio, text);
  return label;
}

const picked = () => document.querySelector('input[name=match]:checked');

function warnWithoutNumber() {
  $('match-hint').textContent = t(picked()?.value === '' ? 'consent.noNumberWarning' : 'consent.matchPick');
}

function askToPick() {
  say($('consent-problem'), t('consent.pickFirst'));
  document.querySelector('input[name=match]')?.focus();
}

/** Has `work(accept, matchNumber)` done when the person decides; the number is undefined where none was picked. */
export function whenDecided(work) {
  // One of the two at a time: whichever is pressed first is the decision.
  const deciding = (accept) => busy($('confirm').parentElement, async () => {
    const answer = accept ? picked() : null;
    if (accept && policy !== 'off' && !answer) return askToPick();
    say($('consent-problem'), '');
    await work(accept, answer?.value || undefined);
  });
  $('confirm').addEventListener('click', () => deciding(true));
  $('cancel').addEventListener('click', () => deciding(false));
}

/** Why a call was refused: the calls under /login/ keep a number in `code`, and say it in `reason`. */
const reason = ({ body }) => (typeof body.code === 'number' ? body.reason : body.code);

/** Whether the refusal is final: asking again cannot help. */
export const isFinal = (answer) => [401, 404].includes(answer.status) || FINAL_REASONS.includes(reason(answer));

/** Whether the person must sign in here before they can go on. */
export const signsInAgain = (answer) => answer.status === 401 || reason(answer) === 'not_an_approver';

/** Whether there is nothing left to decide: the code is unknown (404), or the service says that it is over (410). */
export const isOver = ({ status }) => [404, 410].includes(status);

/** Whether the person's decision may have arrived, although its answer did not. */
export const isUnread = ({ status, repeated }) => (
  state() === 'consent' && (status === 0 || (status === 404 && repeated))
);

/** Says that the request is over. If `unread`, the answer was lost, so it does not say how the request ended. */
export function tellGone({ unread = false } = {}) {
  $('gone-lead').textContent = t(unread ? 'gone.unread' : $('gone-lead').dataset.t);
  go('gone');
}

/** Says why it did not work out; a person who is at the question stays there if pressing again may help. */
export function refuse(answer) {
  const why = reason(answer);
  if (answer.status === 401) return signInAgain();
  if (isOver(answer)) return tellGone({ unread: isUnread(answer) });
  if (why === 'used') return go('confirmed'); // the answer to our own confirm was lost
  if (FINAL_REASONS.includes(why)) return fail(why);
  if (state() !== 'consent') return fail('', excuse(answer));
  if (why === 'match_number_required') return askToPick();
  if (why === 'fresh_proof_required') return askForProof(() => $('confirm').click());
  say($('consent-problem'), excuse(answer));
}

/** Says what went wrong: for one of the reasons above, or for an answer that says nothing of use. */
export function fail(why, lead = t(why ? `error.${why}.lead` : 'error.lead')) {
  const stopped = unscanned && why === 'wrong_match_number';
  $('error-title').textContent = t(why ? `error.${why}.title` : 'error.title');
  $('error-lead').textContent = stopped ? t('prompt.stopped') : lead;
  const label = { '': 'error.retry', not_an_approver: 'error.signIn' }[why] ?? (unscanned && 'prompts.back');
  say($('retry'), label ? t(label) : '');
  $('retry').dataset.does = why === 'not_an_approver' ? 'sign-in' : 'retry';
  go('error', { detail: why || 'unknown' });
}
