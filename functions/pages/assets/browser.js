// At /authorize/here: a strict client takes no browser in which its person has only scanned. The person signs in in this
// browser first, by SMS; then the page of the request goes on (docs/oauth.md, "Strict clients").

import { postAs, signOut } from './account.js';
import { fail, refuse } from './consent.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { run } from './phone_page.js';
import { takeRequest } from './sealed.js';
import { go, signInAgain } from './sign_in.js';
import { browserWords } from './words/browser.js';

const asked = takeRequest()?.split('!') ?? [];
const sealed = asked[0];
let another = asked[1] === 'another'; // whether a person other than the one who is signed in wants to

async function begin() {
  if (another) return askAgain('');
  go('loading');
  const answer = await postAs('/oauth/authorize/here', { request: sealed });
  if (answer.status === 204) return location.replace(`/authorize${location.search}#${sealed}`);
  if (answer.body.code === 'fresh_proof_required') return askAgain(t('browser.again'));
  if (answer.status === 401) return refuse(answer);
  return fail('', answer.status === 400 ? t('browser.over') : excuse(answer));
}

/** This browser's sign-in does not do: it ends, and the next one is made here and now. */
async function askAgain(note) {
  another = false;
  await signOut();
  signInAgain(note);
}

run({ begin, decide() {}, leave: () => 'phone.signedOutOnly' }, { here: 'scan', words: browserWords, gone: !sealed });
