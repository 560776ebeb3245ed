// At /authorize/here: a strict client takes no browser in which its person has only scanned. The person signs in in this
// browser first, by SMS; then the page of the request goes on (docs/oauth.md, "Strict clients").

import { postAs, signOut, signedIn } from './account.js';
import { fail, refuse } from './consent.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { run } from './phone_page.js';
import { askForProof } from './proof.js';
import { takeRequest } from './sealed.js';
import { go, signInAgain } from './sign_in.js';
import { $, busy } from './view.js';
import { authorizeHereWords } from './words/authorize_here.js';

const asked = takeRequest()?.split('!') ?? [];
const sealed = asked[0];
let another = asked[1] === 'another' && Boolean(signedIn()); // whether a person other than the one signed in may be there
history.replaceState({ request: sealed }, ''); // asked once, and not again after a reload

async function begin() {
  if (another) return askWhich();
  go('loading');
  const answer = await postAs('/oauth/authorize/here', { request: sealed });
  if (answer.status === 204) return location.replace(`/authorize${location.search}#${sealed}`);
  if (answer.body.code === 'fresh_proof_required') return proveAgain();
  if (answer.status === 401) return refuse(answer);
  return fail('', answer.status === 400 ? t('browser.over') : excuse(answer));
}

/** Asks who is there. A person signs out by a press of the button; the address alone signs out no person. */
function askWhich() {
  another = false;
  $('which-lead').textContent = t('browser.which', { person: signedIn().name });
  $('stay').textContent = t('browser.stay', { person: signedIn().name });
  go('which');
}

/** The sign-in of this browser stays, and with it what makes it a known device; its person types one more code. */
function proveAgain() {
  $('prove-here').append($('proof'));
  go('prove');
  askForProof(begin);
}

run({ begin, decide() {}, leave: () => 'phone.signedOutOnly' }, { here: 'scan', words: authorizeHereWords, gone: !sealed });
$('stay').addEventListener('click', () => busy($('stay'), begin));
$('switch').addEventListener('click', () => busy($('switch'), async () => {
  await signOut();
  signInAgain('');
}));
