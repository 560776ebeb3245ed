// A client may want a person to prove once more who they are before they sign in there: with a code by SMS to their own
// number, below the question. What they have decided waits, and goes on by itself.

import { getAs, postAs, signedIn } from './account.js';
import { drawChallenge, requestCode } from './code_by_sms.js';
import { excuse } from './excuse.js';
import { fill } from './fill.js';
import { t } from './i18n.js';
import { readDigits } from './read.js';
import { signInAgain } from './sign_in.js';
import { $, announce, busy, say } from './view.js';

// Its parts are made here, because few clients ask and every page would carry them.
const PARTS = [
  '<p id="proof-lead" class="note" data-testid="proof-lead"></p>',
  '<p id="proof-problem" class="problem" role="alert" data-testid="proof-problem" hidden></p>',
  '<div id="proof-code" hidden>',
  '<label for="proof-input" data-t="phone.sixDigits"></label>',
  '<input id="proof-input" class="code-input digits" data-testid="proof-input" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" required aria-describedby="proof-lead proof-problem">',
  '<button class="button primary" type="submit" data-testid="proof-submit" data-t="proof.submit"></button>',
  '<button id="proof-again" class="link" type="button" data-testid="proof-again" data-t="phone.resend"></button>',
  '</div>',
  '<button id="proof-send" class="button primary" type="button" data-testid="proof-send" data-t="phone.send"></button>',
];
fill($('proof'), PARTS);

let proving = ''; // the challenge of this attempt
let afterwards = () => {};

/** Asks for the proof; `work` is done once it is given. */
export function askForProof(work) {
  afterwards = work;
  say($('proof-lead'), t('proof.lead', { phone: signedIn()?.name ?? '' }));
  showProof(true);
  $('proof-send').focus();
  announce($('proof-lead').textContent);
}

/** Takes the question for a proof away, if it is there. */
export function endProof() {
  proving = '';
  showProof(false);
}

function showProof(asked) {
  $('proof').hidden = !asked;
  $('confirm').hidden = asked;
  $('proof-send').hidden = false;
  $('proof-code').hidden = true;
  $('proof-input').value = '';
  say($('proof-problem'), '');
}

async function sendProofCode() {
  say($('proof-problem'), '');
  const me = await getAs('/api/user/me');
  if (me.status === 401) return signInAgain();
  if (!me.body.phoneNumber) return say($('proof-problem'), excuse(me));
  const answer = await requestProofCode(me.body.phoneNumber);
  if (answer.status !== 200) return say($('proof-problem'), excuse(answer));
  const sent = t('proof.sent', { phone: me.body.nickName });
  say($('proof-lead'), sent);
  announce(sent);
  $('proof-send').hidden = true;
  $('proof-code').hidden = false;
  return $('proof-input').focus();
}

async function requestProofCode(number) {
  const solving = (begun) => say($('proof-problem'), begun ? t('sms.puzzle') : '');
  proving ||= drawChallenge();
  const answer = await requestCode(number, proving, solving);
  if (answer.body.code !== 'challenge_over') return answer;
  proving = drawChallenge();
  return requestCode(number, proving, solving);
}

async function prove() {
  const code = readDigits($('proof-input').value);
  if (code.length !== 6) return complainOfProof(t('phone.needSix'));
  const answer = await postAs('/api/user/prove', { challenge: proving, code });
  if (answer.status === 401) return signInAgain();
  if (answer.body.code === 'invalid_code') return complainOfProof(t('phone.badCode'));
  if (answer.status !== 200) return complainOfProof(excuse(answer));
  endProof();
  return afterwards();
}

function complainOfProof(text) {
  say($('proof-problem'), text);
  $('proof-input').focus();
}

$('proof-send').addEventListener('click', () => busy($('proof-send'), sendProofCode));
$('proof-again').addEventListener('click', () => busy($('proof-again'), sendProofCode));
$('proof').addEventListener('submit', (event) => {
  event.preventDefault();
  busy($('proof').querySelector('[type=submit]'), prove);
});
