// Who is there: signing in by SMS code, and showing whose step the page is at.

import * as account from './account.js';
import { call } from './api.js';
import { t } from './i18n.js';
import { $, announce, busy, countdown, excuse, say, show } from './view.js';

let phone = ''; // the number the code was sent to
let proceed = () => {};
let stopResend = () => {};

/** What to do once somebody is signed in. */
export function whenSignedIn(work) {
  proceed = work;
}

/** Shows a step, and who is signed in where that matters. */
export function go(next, options) {
  const person = account.signedIn();
  $('account').hidden = !person || ['loading', 'phone-number', 'sms-code'].includes(next);
  $('account-name').textContent = person?.name ?? '';
  show(next, options);
}

/** Forgets who was signed in and asks who is there now; `note` says why. */
export function signInAgain(note = t('phone.signInAgain')) {
  account.forget();
  $('phone').value = '';
  showPrefix();
  say($('signed-out-note'), note);
  go('phone-number');
  announce(note);
}

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
    return proceed();
  }
  $('sms').value = '';
  const wrong = [400, 401].includes(answer.status);
  complain($('sms'), $('sms-problem'), wrong ? t('phone.badCode') : excuse(answer));
}

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

onSubmit('phone-form', askForCode);
onSubmit('sms-form', enterCode);
$('phone').addEventListener('input', showPrefix);
$('sms').addEventListener('input', () => {
  const digits = $('sms').value.replace(/\D/g, '').slice(0, 6);
  if ($('sms').value !== digits) $('sms').value = digits;
  if (digits.length === 6) $('sms-form').requestSubmit();
});
$('change-number').addEventListener('click', () => go('phone-number'));
$('resend').addEventListener('click', () => {
  if ($('resend').getAttribute('aria-disabled') !== 'true') busy($('resend'), resend);
});
