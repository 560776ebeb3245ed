// A person deletes their account: a fresh code to their own number, and then the account goes.

import { deleteAs, forgetAccount } from './account.js';
import { drawChallenge, requestCode } from './code_by_sms.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { readDigits } from './read.js';
import { $, announce, busy, say, show } from './view.js';

let own = { number: '', shown: '' };
let fresh = ''; // the challenge of this attempt

/** Whose account it is. */
export function leaving(number, shown) {
  own = { number, shown };
}

async function askForOwnCode() {
  say($('leave-problem'), '');
  fresh = drawChallenge();
  const solving = (begun) => say($('leave-problem'), begun ? t('sms.puzzle') : '');
  const answer = await requestCode(own.number, fresh, solving);
  if (answer.status !== 200) return say($('leave-problem'), excuse(answer));
  $('leave-sent').textContent = t('mine.leaveSent', { phone: own.shown });
  $('leave-begin').hidden = true;
  $('leave-form').hidden = false;
  return $('leave-code').focus();
}

function stay() {
  $('leave-form').hidden = true;
  $('leave-begin').hidden = false;
  $('leave-code').value = '';
  say($('leave-problem'), '');
  announce(t('mine.leaveStopped'));
  $('leave-begin').focus();
}

async function leave() {
  const code = readDigits($('leave-code').value);
  if (code.length !== 6) return complainOf(t('mine.needSix'));
  const body = { challenge: fresh, code };
  for (let calls = 0; calls < 200; calls += 1) {
    const answer = await deleteAs('/api/user', body);
    if (answer.status === 204) return left();
    if (answer.body.code === 'invalid_code') return complainOf(t('mine.badCode'));
    if (answer.status !== 202) return complainOf(excuse(answer));
  }
  return complainOf(t('error.lead'));
}

function complainOf(text) {
  say($('leave-problem'), text);
  $('leave-code').focus();
}

function left() {
  forgetAccount();
  show('left');
}

$('leave-begin').addEventListener('click', () => busy($('leave-begin'), askForOwnCode));
$('leave-stop').addEventListener('click', stay);
$('leave-form').addEventListener('submit', (event) => {
  event.preventDefault();
  busy($('leave-form').querySelector('button'), leave);
});
