// Who is there: signing in by SMS code, and showing whose step the page is at.

import { forgetAccount, keepAccount, signedIn } from './account.js';
import { call } from './api.js';
import { drawChallenge, requestCode } from './code_by_sms.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { keeps } from './keeps.js';
import { recall, remember } from './kept.js';
import { rememberKnown } from './known.js';
import { fold, readDigits, readPhone } from './read.js';
import { $, announce, busy, countdown, say, show, state } from './view.js';

const SENT = 'saoma.sms';
const STALE_MS = 15 * 60_000; // a code that was sent so long ago is dead
const CHALLENGE_MS = 4 * 60_000; // a challenge that is older may end before its code is typed
const AT_CODE = 'sms-code'; // the step, and its entry in the browser's history

// The number, the challenge of this attempt, whether and when a code was sent, when the next may be, and whether
// the code is being entered.
const NONE = { phone: '', challenge: '', sent: false, at: 0, nextAt: 0, entering: false };
let sent = { ...NONE, ...recall(SENT) };
let proceed = () => {};
let stopResend = () => {};

/** What to do once the person is signed in. */
export function whenSignedIn(work) {
  proceed = work;
}

/** Shows a step, and who is signed in where that matters. */
export function go(next, options) {
  const person = signedIn();
  $('account').hidden = !person || ['loading', 'phone-number', 'sms-code'].includes(next);
  $('account-name').textContent = person?.name ?? '';
  show(next, options);
}

/** Asks the person to sign in. If the page was reloaded while they waited for a code, goes straight to the code's field. */
export function askWho() {
  if (sent.entering && wasSentTo(sent.phone)) return toCode();
  if (!keeps('localStorage')) say($('signed-out-note'), t('phone.unkept'));
  go('phone-number', { focus: false });
}

/** Forgets who was signed in and asks who is there now; `note` says why, `over` that nothing waits for them. */
export function signInAgain(note = t('phone.signInAgain'), { over = false } = {}) {
  forgetAccount();
  forgetSent();
  $('phone').value = '';
  showPrefix();
  $('who').textContent = t(note ? 'phone.whoAgain' : 'phone.who');
  $('who-lead').hidden = over;
  say($('signed-out-note'), note);
  go('phone-number');
  announce(note);
}

/** Stores what was sent and when, so that a reloaded page goes on. It never stores the code. */
function keepSent(changes) {
  sent = { ...sent, ...changes };
  remember(SENT, sent);
}

function forgetSent() {
  sent = NONE;
  remember(SENT, null);
}

const wasSentTo = (number) => sent.sent && sent.phone === number && Date.now() - sent.at < STALE_MS;

/** The number, the way people read it. */
const spellPhone = (number) => number.replace(/^(\+86)(\d{3})(\d{4})(\d{4})$/, '$1\u00a0$2\u00a0$3\u00a0$4');

/** Says what is wrong with a field; an empty text takes it back. */
export function complain(input, line, text) {
  say(line, text);
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  if (text) input.focus();
}

/** The challenge of this attempt: the one that is under way for this number, else a new one. */
function challengeFor(phone) {
  const same = sent.phone === phone;
  const current = same && sent.challenge && Date.now() - sent.at < CHALLENGE_MS;
  // Kept before it is used: after a reload the same one asks again, and no second message goes out.
  if (!current) keepSent({ phone, challenge: drawChallenge(), sent: same && sent.sent, at: Date.now() });
  return sent.challenge;
}

/** Tells the person that a puzzle is being solved, at the step that they are at. */
const tellPuzzle = (solving) => {
  say($(state() === AT_CODE ? 'sms-problem' : 'phone-problem'), solving ? t('sms.puzzle') : '');
};

const request = (phone) => requestCode(phone, challengeFor(phone), tellPuzzle);

async function sendCode(phone) {
  let answer = await request(phone);
  if (answer.body.code === 'challenge_over') {
    // Used up by messages or tries, maybe before a reload: the person begins anew.
    keepSent({ challenge: '' });
    answer = await request(phone);
  }
  const { resendAfter = 60 } = answer.body;
  if (answer.status === 200) keepSent({ sent: true, at: Date.now(), nextAt: Date.now() + resendAfter * 1000 });
  return answer;
}

/** Has "send again" wait as long as the service says. */
function holdResend({ retryAfter }) {
  keepSent({ nextAt: Date.now() + retryAfter * 1000 });
  countToResend();
}

function countToResend() {
  stopResend();
  stopResend = countdown(sent.nextAt, (left) => {
    $('resend').setAttribute('aria-disabled', String(left > 0));
    $('resend').textContent = resendIn(left);
  });
}

function resendIn(seconds) {
  if (seconds === 0) return t('phone.resend');
  if (seconds > 5400) return t('phone.resendLater');
  const minutes = Math.ceil(seconds / 60);
  return seconds > 120 ? t('phone.resendInMinutes', { minutes }) : t('phone.resendIn', { seconds });
}

function badNumber({ body }) {
  if (body.code === 'country_not_served') return t('phone.notServed');
  return t(body.code === 'not_a_mobile' ? 'phone.notMobile' : 'phone.badNumber');
}

async function askForCode() {
  const number = readPhone($('phone').value);
  complain($('phone'), $('phone-problem'), number ? '' : t('phone.badNumber'));
  $('have-code').hidden = true;
  if (!number) return;
  const answer = await sendCode(number);
  if (answer.status === 200) return toCode();
  if (answer.status === 400) return complain($('phone'), $('phone-problem'), badNumber(answer));
  say($('phone-problem'), excuse(answer));
  if (answer.status !== 429) return;
  // Too early for another code, but one may well be there: this page had it sent, or another did.
  if (wasSentTo(number)) {
    holdResend(answer);
    return toCode();
  }
  $('have-code').hidden = false;
  $('have-code').onclick = () => {
    keepSent({ sent: true });
    holdResend(answer);
    toCode();
  };
}

const isAtCode = (entry) => entry?.step === AT_CODE;

/** To the code's field; the browser's Back then leads to the number's. */
function toCode() {
  keepSent({ entering: true });
  if (!isAtCode(history.state)) history.pushState({ ...history.state, step: AT_CODE }, '');
  say($('signed-out-note'), '');
  say($('phone-problem'), '');
  $('have-code').hidden = true;
  $('sms').value = '';
  complain($('sms'), $('sms-problem'), '');
  $('sms-lead').textContent = t('phone.sentTo', { phone: spellPhone(sent.phone) });
  countToResend();
  go('sms-code', { focus: false });
  // Straight to the field, whose name begins with the heading: the code is already on its way.
  $('sms').focus();
}

/**
 * Takes the history from the code's entry to the number's. A reload while the code's entry was made can leave another site's
 * page right before it; then the entry becomes the number's, because going back would leave this page.
 */
function leaveCodesEntry() {
  if (!isAtCode(history.state)) return;
  const { navigation } = window;
  const before = navigation?.entries()[navigation.currentEntry.index - 1];
  if (!navigation || before?.sameDocument) return history.back();
  history.replaceState({ ...history.state, step: undefined }, '');
}

function toNumber() {
  keepSent({ entering: false });
  if (!$('phone').value) $('phone').value = sent.phone.replace(/^\+86/, '');
  showPrefix();
  go('phone-number');
}

async function resend() {
  const answer = await sendCode(sent.phone);
  complain($('sms'), $('sms-problem'), '');
  if (answer.status === 200) {
    countToResend();
    return announce(t('phone.resent'));
  }
  say($('sms-problem'), excuse(answer));
  if (answer.status === 429) holdResend(answer);
}

async function enterCode() {
  const digits = readDigits($('sms').value);
  if (digits.length !== 6) return complain($('sms'), $('sms-problem'), t('phone.needSix'));
  const { challenge } = sent;
  const answer = await call('POST', '/api/user/login/code', { body: { challenge, code: digits } });
  if (answer.status === 200 && answer.body.token) return letIn(answer.body);
  const wrong = [400, 401].includes(answer.status);
  if (wrong || answer.status === 429) $('sms').value = '';
  complain($('sms'), $('sms-problem'), wrong ? t('phone.badCode') : '');
  if (wrong) return;
  // Nothing is said about these digits: the service has not looked at them.
  say($('sms-problem'), excuse(answer));
  $('sms').focus();
}

function letIn(tokens) {
  keepAccount(tokens);
  rememberKnown(sent.phone, tokens.known);
  forgetSent();
  // The code's entry in the history is done with; without it the browser's Back leaves as it should.
  leaveCodesEntry();
  return proceed();
}

/** The +86 stands before the number until the person writes a country code. */
function showPrefix() {
  $('phone-field').classList.toggle('abroad', /^(\+|00)/.test(fold($('phone').value)));
}

/** Has `work` done when a form is sent, once at a time. */
export function onSubmit(form, work) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    busy($(form).querySelector('button'), work);
  });
}

onSubmit('phone-form', askForCode);
onSubmit('sms-form', enterCode);
$('phone').addEventListener('input', () => {
  $('have-code').hidden = true; // that was about another number
  showPrefix();
});
function tidyCode({ isComposing }) {
  if (isComposing) return; // a Chinese keyboard is not done with these digits
  const digits = readDigits($('sms').value).slice(0, 6);
  if ($('sms').value !== digits) $('sms').value = digits;
  if (digits.length === 6) $('sms-form').requestSubmit();
}

$('sms').addEventListener('input', tidyCode);
$('sms').addEventListener('compositionend', tidyCode);
$('change-number').addEventListener('click', () => {
  toNumber();
  leaveCodesEntry();
});
$('resend').addEventListener('click', () => {
  if ($('resend').getAttribute('aria-disabled') !== 'true') busy($('resend'), resend);
});

window.addEventListener('popstate', ({ state: entry }) => {
  if (signedIn()) return;
  if (isAtCode(entry) && sent.phone) toCode();
  else if (state() === 'sms-code') toNumber();
});
