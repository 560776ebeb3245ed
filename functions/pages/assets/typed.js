// At /device: a person types the code that a device shows, where no camera can scan it (RFC 8628 section 3.3). The page
// of a scanned code goes on from there.

import { postAs } from './account.js';
import { refuse } from './consent.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { complain, go, onSubmit } from './sign_in.js';
import { readUserCode, USER_CODE_LENGTH } from './user_code.js';
import { $, say } from './view.js';

const GROUP = 4; // letters between dashes

/** Asks for the code. */
function askToType() {
  complain($('user-code'), $('user-code-problem'), '');
  go('user-code', { focus: false });
  $('user-code').focus();
}

/** What is wrong with a code before the service sees it; empty when nothing is. */
function mistake({ letters, strange }) {
  if (strange) return t('device.strange', { letters: strange });
  return letters.length === USER_CODE_LENGTH ? '' : t('device.length', { count: letters.length });
}

async function sendTyped() {
  const read = readUserCode($('user-code').value);
  const wrong = mistake(read);
  complain($('user-code'), $('user-code-problem'), wrong);
  if (wrong) return;
  const answer = await postAs('/oauth/user_code', { userCode: read.letters });
  if (answer.status === 200 && answer.body.code) return location.replace(`/q/${encodeURIComponent(answer.body.code)}`);
  if ([400, 404].includes(answer.status)) return complain($('user-code'), $('user-code-problem'), t('device.unknown'));
  if ([401, 403].includes(answer.status)) return refuse(answer);
  say($('user-code-problem'), excuse(answer));
}

/** Letters with a dash between groups, as the device shows them. */
const grouped = (letters) => letters.match(new RegExp(`.{1,${GROUP}}`, 'gu'))?.join('-') ?? '';

/** Writes the code as the device shows it, and leaves the cursor behind the same letter. */
function tidyTyped({ isComposing, inputType }) {
  if (isComposing) return; // a Chinese keyboard is not done with these letters
  const field = $('user-code');
  const before = readUserCode(field.value.slice(0, field.selectionStart)).letters.length;
  const text = grouped(readUserCode(field.value).letters);
  if (field.value === text) return;
  field.value = text;
  // In front of a dash, unless the dash was what the person deleted forwards.
  const past = inputType === 'deleteContentForward' ? before : before - 1;
  const place = before + Math.max(0, Math.floor(past / GROUP));
  field.setSelectionRange(place, place);
}

$('user-code').addEventListener('input', tidyTyped);
$('user-code').addEventListener('compositionend', tidyTyped);
onSubmit('user-code-form', sendTyped);

export const typed = { begin: askToType, leave: () => 'phone.signedOutOnly' };
