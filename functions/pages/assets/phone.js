// The phone: who are you, who asks, and what do you decide. Nothing is ever confirmed without a press.

import * as account from './account.js';
import { call } from './api.js';
import { ago, t, translate } from './i18n.js';
import { $, announce, busy, clock, countdown, excuse, list, say, show, state } from './view.js';

// Refusals that end the matter here, each with its own words in i18n.js.
const FINAL = ['claimed_by_another', 'wrong_match_number', 'not_an_approver'];

const [, code] = /^\/q\/([0-9a-z-]{1,64})\/?$/i.exec(location.pathname) ?? [];
const address = (step) => `/q/${encodeURIComponent(code)}/${step}`;

let phone = ''; // the number the code was sent to
let policy = 'show'; // what this client wants done with the match number
let stopCounting = () => {};
let stopResend = () => {};

/** Shows a step, and who is signed in where that matters. */
function go(next, options) {
  stopCounting();
  if (next !== 'sms-code') stopResend();
  const person = account.signedIn();
  $('account').hidden = !person || ['loading', 'phone-number', 'sms-code'].includes(next);
  $('account-name').textContent = person?.name ?? '';
  show(next, options);
}

function start() {
  if (!code) return go('gone', { focus: false });
  if (!account.signedIn()) return go('phone-number', { focus: false });
  return scan();
}

// --- signing in by SMS code ---

/** A phone number as people write it, as E.164; null when it cannot be one. */
function readPhone(text) {
  const plain = text.replace(/[\s().\-–]/g, '').replace(/^00/, '+');
  const number = plain.startsWith('+') ? plain : `+86${plain.replace(/^86(?=1\d{10}$)/, '')}`;
  const good = number.startsWith('+86') ? /^\+861\d{10}$/ : /^\+[1-9]\d{6,14}$/;
  return good.test(number) ? number : null;
}

/** The same, the way people read it. */
const spellPhone = (number) => number.replace(/^(\+86)(\d{3})(\d{4})(\d{4})$/, '$1\u00a0$2\u00a0$3\u00a0$4');

function complain(input, line, text) {
  say(line, text);
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  if (text) input.focus();
}

async function sendCode() {
  const answer = await call('POST', '/api/user/sendCode', { body: { phone } });
  if (answer.status === 200) countToResend(answer.body.resendAfter ?? 60);
  return answer;
}

function countToResend(seconds) {
  stopResend();
  stopResend = countdown(Date.now() + seconds * 1000, (left) => {
    $('resend').setAttribute('aria-disabled', String(left > 0));
    $('resend').textContent = left > 0 ? t('phone.resendIn', { seconds: left }) : t('phone.resend');
  });
}

async function askForCode() {
  phone = readPhone($('phone').value);
  complain($('phone'), $('phone-problem'), phone ? '' : t('phone.badNumber'));
  if (!phone) return;
  const answer = await sendCode();
  if (answer.status === 400) return complain($('phone'), $('phone-problem'), t('phone.badNumber'));
  if (answer.status !== 200) return say($('phone-problem'), excuse(answer));
  say($('signed-out-note'), '');
  $('sms').value = '';
  complain($('sms'), $('sms-problem'), '');
  $('sms-lead').textContent = t('phone.sentTo', { phone: spellPhone(phone) });
  go('sms-code', { focus: false });
  // Straight to the field, whose name begins with the heading: the code is already on its way.
  $('sms').focus();
}

async function resend() {
  const answer = await sendCode();
  if (answer.status === 200) announce(t('phone.resent'));
  else say($('sms-problem'), excuse(answer));
}

async function enterCode() {
  const digits = $('sms').value;
  if (digits.length !== 6) return complain($('sms'), $('sms-problem'), t('phone.needSix'));
  const answer = await call('POST', '/api/user/login/code', { body: { phone, code: digits } });
  if (answer.status === 200 && answer.body.token) {
    account.keep(answer.body);
    return scan();
  }
  $('sms').value = '';
  const wrong = [400, 401].includes(answer.status);
  complain($('sms'), $('sms-problem'), wrong ? t('phone.badCode') : excuse(answer));
}

// --- looking and deciding ---

async function scan() {
  go('loading');
  const answer = await account.post(address('scan'), {});
  if (answer.status !== 200) return refuse(answer);
  if (answer.body.state === 'confirmed') return go('confirmed');
  ask(answer.body);
}

/** Lays out who asks, what they say and what we saw. */
function ask({ consent, expiresIn }) {
  const { client = {}, screen = {}, seen = {}, matchNumber = {} } = consent;
  introduce(client);
  list($('seen'), [
    [t('consent.browser'), seen.browser, 'seen-browser'],
    [t('consent.ip'), seen.ip, 'seen-ip'],
    [t('consent.place'), seen.place, 'seen-place'],
    [t('consent.at'), seen.at && ago(seen.at), 'seen-at'],
  ]);
  $('claims-part').hidden = !list($('claims'), [
    [t('consent.deviceName'), screen.deviceName, 'claim-name'],
    [t('consent.deviceMac'), screen.deviceMac, 'claim-mac'],
  ]);
  offerNumbers(matchNumber);
  say($('consent-problem'), '');
  go('consent');
  stopCounting = countdown(Date.now() + expiresIn * 1000, (left) => {
    $('remaining').textContent = clock(left);
    if (left === 0 && state() === 'consent') go('gone');
  });
}

function introduce({ name = '', id = '', logo }) {
  const shown = name || id;
  $('client-name').textContent = shown;
  $('client-letter').textContent = [...shown][0]?.toUpperCase() ?? '';
  // The page's policy loads pictures from here only; anything else gets the letter.
  const ours = typeof logo === 'string' && /^(\/(?!\/)|data:image\/)/.test(logo);
  if (ours) $('client-logo').src = logo;
  $('client-logo').hidden = !ours;
  $('client-letter').hidden = ours;
}

function offerNumbers({ policy: wanted = 'off', choices = [] }) {
  policy = choices.length > 0 ? wanted : 'off';
  $('match').hidden = policy === 'off';
  $('match-hint').textContent = policy === 'pick' ? t('consent.matchPick') : t('consent.matchShow');
  $('numbers').replaceChildren(...choices.map((number) => {
    const tile = document.createElement('label');
    const radio = document.createElement('input');
    const text = document.createElement('span');
    tile.className = 'tile digits';
    tile.dataset.testid = 'match-choice';
    tile.dataset.value = number;
    radio.type = 'radio';
    radio.name = 'match';
    radio.value = number;
    radio.required = policy === 'pick';
    text.textContent = number;
    tile.append(radio, text);
    return tile;
  }));
}

const picked = () => document.querySelector('input[name=match]:checked')?.value;

function askToPick() {
  say($('consent-problem'), t('consent.pickFirst'));
  document.querySelector('input[name=match]')?.focus();
}

async function confirm() {
  const matchNumber = picked();
  if (policy === 'pick' && !matchNumber) return askToPick();
  await decide('confirm', matchNumber ? { matchNumber } : {}, 'confirmed');
}

async function decide(step, body, ending) {
  say($('consent-problem'), '');
  const answer = await account.post(address(step), body);
  if (state() !== 'consent') return; // it ran out meanwhile
  if (answer.status === 200) go(ending);
  else refuse(answer);
}

// --- when it does not work out ---

function refuse(answer) {
  const why = answer.body.code;
  if (answer.status === 401) return signInAgain();
  if (answer.status === 404) return go('gone');
  if (FINAL.includes(why)) return fail(why);
  // A hiccup: the person stays where they are and presses again.
  if (state() === 'consent') {
    if (why === 'match_number_required') return askToPick();
    return say($('consent-problem'), excuse(answer));
  }
  fail('', excuse(answer));
}

function fail(why, lead = t(`error.${why}.lead`)) {
  $('error-title').textContent = t(why ? `error.${why}.title` : 'error.title');
  $('error-lead').textContent = lead;
  const label = { '': 'error.retry', not_an_approver: 'error.signIn' }[why];
  say($('retry'), label ? t(label) : '');
  $('retry').dataset.does = why ? 'sign-in' : 'retry';
  go('error', { detail: why || 'unknown' });
}

function signInAgain(note = t('phone.signInAgain')) {
  account.forget();
  $('phone').value = '';
  showPrefix();
  say($('signed-out-note'), note);
  go('phone-number');
  announce(note);
}

async function signOut() {
  // The request is bound to whoever scanned it; given back, the screen can offer a new code at once.
  const asked = state() === 'consent';
  if (asked) await account.post(address('cancel'), {});
  await account.signOut();
  signInAgain(t(asked ? 'phone.signedOut' : 'phone.signedOutOnly'));
}

// --- wiring ---

/** The +86 stands before the number until the person writes a country code. */
function showPrefix() {
  $('phone-field').classList.toggle('abroad', /^\s*(\+|00)/.test($('phone').value));
}

function onSubmit(form, work) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    busy($(form).querySelector('button'), work);
  });
}

function onPress(button, work) {
  $(button).addEventListener('click', () => {
    if ($(button).getAttribute('aria-disabled') !== 'true') busy($(button), work);
  });
}

translate();

onSubmit('phone-form', askForCode);
onSubmit('sms-form', enterCode);
$('phone').addEventListener('input', showPrefix);
$('sms').addEventListener('input', () => {
  const digits = $('sms').value.replace(/\D/g, '').slice(0, 6);
  if ($('sms').value !== digits) $('sms').value = digits;
  if (digits.length === 6) $('sms-form').requestSubmit();
});
onPress('resend', resend);
onPress('change-number', async () => go('phone-number'));
onPress('sign-out', signOut);
onPress('retry', async () => ($('retry').dataset.does === 'retry' ? scan() : signInAgain('')));
// One of the two at a time: whichever is pressed first is the decision.
const deciding = (work) => () => busy($('confirm').parentElement, work);
$('confirm').addEventListener('click', deciding(confirm));
$('cancel').addEventListener('click', deciding(() => decide('cancel', {}, 'cancelled')));

start();
