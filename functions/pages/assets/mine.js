// A person's own page: what is signed in as them, what happened, and how to end it. Nothing is asked before the page
// is seen, and every wait ends with a message.

import { forgetAccount, getAs, signedIn } from './account.js';
import { excuse } from './excuse.js';
import { learn, t, translate } from './i18n.js';
import { leaving } from './leaving.js';
import { fillAll, fillTold } from './my_lists.js';
import { shown } from './shown.js';
import { $, announce, arrive, busy, say, show } from './view.js';
import { mineWords } from './words/mine.js';

// A notice opens this page at its login. The id gives no rights; the person's own sign-in does.
const NOTICE = /^#login=([0-9a-f]{42})$/;
const toldOf = () => NOTICE.exec(location.hash)?.[1];

function failed(answer) {
  if (answer.status === 401) return signInFirst();
  say($('error-lead'), answer.body.code === 'account_barred' ? t('mine.barred') : excuse(answer));
  return show('error');
}

function signInFirst() {
  forgetAccount();
  $('sign-in').href = `/phone?then=account${location.hash}`;
  show('signed-out', { focus: false });
}

async function open() {
  show('loading');
  const me = await getAs('/api/user/me');
  if (me.status !== 200) return failed(me);
  $('own-number').textContent = me.body.nickName;
  $('own-member').textContent = me.body.memberId;
  const broken = await fillAll(me.body, failed);
  if (broken) return failed(broken);
  leaving(me.body.phoneNumber, me.body.nickName);
  show('here', { focus: false });
  return tell(me.body);
}

/** Shows the login that a notice was about, first. */
async function tell(me) {
  const id = toldOf();
  $('told').hidden = !id;
  if (!id) return;
  await fillTold(id, me, failed);
  $('told-title').focus();
}

async function download() {
  say($('export-problem'), '');
  const answer = await getAs('/api/user/export');
  if (answer.status === 401) return failed(answer);
  if (answer.status !== 200) return say($('export-problem'), excuse(answer));
  const file = new Blob([JSON.stringify(answer.body, null, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'account.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return announce(t('mine.exported'));
}

async function begin() {
  await shown();
  if (!signedIn()) return signInFirst();
  return open();
}

arrive();
learn(mineWords);
translate();
$('retry').addEventListener('click', () => busy($('retry'), open));
$('export').addEventListener('click', () => busy($('export'), download));
window.addEventListener('hashchange', () => begin());
begin();
