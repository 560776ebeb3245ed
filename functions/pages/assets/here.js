// At /phone?client=…: a site sent the person here to sign in on this very device, where no second screen could show a code
// (docs/widget.md). This page opens the code itself. So its secret is in no address, and the ticket goes only to the browser
// in which the person agreed.

import { postAs } from './account.js';
import { call } from './api.js';
import { ask, fail, refuse, tellGone } from './consent.js';
import { excuse } from './excuse.js';
import { t } from './i18n.js';
import { ownCodes } from './own_codes.js';
import { run } from './phone_page.js';
import { go } from './sign_in.js';
import { state } from './view.js';
import { hereWords } from './words/here.js';

const asked = new URLSearchParams(location.search);
const query = new URLSearchParams([...asked].filter(([name]) => ['client', 'state'].includes(name)));
const PATIENCE_FOR_TICKET_MS = 20_000;
const LOOK_AGAIN_MS = 1100; // the service refuses more than one poll a second
let opened = {}; // the code of this page
let agreed = false; // the person said yes, and the ticket is to be fetched

const step = (name, body, tag = '') => postAs(`/q/${opened.code}${tag}/${name}`, body);

/** Opens a code and claims it; then asks, without the number: the screen that shows it is this page. */
async function begin() {
  if (agreed) return goBack();
  go('loading');
  let scan = await openAndScan();
  // The device slept in between, and what it opened is old.
  if (scan?.body.code === 'stale_code') scan = await openAndScan();
  if (!scan) return;
  if (scan.status !== 200) return refuse(scan);
  const { consent, expiresIn } = scan.body;
  ask({ consent: { ...consent, matchNumber: {} }, expiresIn }, tellGone);
}

/** Answers what the scan did; nothing, if there is no code to scan, which the person is told. */
async function openAndScan() {
  const answer = await call('GET', `/qr/code?${query}&rotate=auto`, { token: opened.pollToken, cookies: false });
  if (answer.status === 400) return fail('', t('here.broken'));
  if (answer.status !== 200) return fail('', excuse(answer));
  opened = answer.body;
  // If the code rotates, this page has seen the first of its QRs. Who has claimed the code needs no tag any more.
  const tag = opened.rotate && `-${opened.rotate.tags.slice(0, 5)}`;
  return step('scan', {}, tag);
}

async function decide(accept) {
  const answer = await (accept ? step('confirm', { matchNumber: opened.matchNumber }) : step('cancel', {}));
  if (state() !== 'consent') return; // it ran out meanwhile
  if (answer.status !== 200) return refuse(answer);
  if (!accept) return go('cancelled');
  agreed = true;
  await goBack();
}

/**
 * Back to the client's registered page, with the ticket. The yes stands, so this page asks until the ticket comes, for a
 * while, or until the person signs out.
 */
async function goBack() {
  const { pollToken } = opened;
  const began = performance.now();
  go('confirmed');
  for (;;) {
    const answer = await ownCodes.ask(pollToken);
    if (!agreed) return undefined;
    const { url = '' } = answer.body;
    if (ownCodes.leadsOn(url)) return ownCodes.leave(url, pollToken);
    if (['cancelled', 'expired', 'used'].includes(answer.state)) {
      agreed = false;
      return tellGone();
    }
    if (performance.now() - began > PATIENCE_FOR_TICKET_MS) return fail('', excuse(answer));
    await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
    if (!agreed) return undefined;
  }
}

/** The code is claimed by the person who signs out, so it ends. */
async function leave() {
  agreed = false;
  if (state() === 'consent') await step('cancel', {});
  return 'phone.signedOutOnly';
}

run({ begin, decide, leave }, { here: 'scan', words: hereWords });
