// The demo: a site that waits for its widget, and a phone that is played. Every call is a real one.

import { words } from './words.js';

const chinese = /^zh/i.test(navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? 'en');
const t = (key, values = {}) => words[key][chinese ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
const $ = (id) => document.getElementById(id);
const widget = document.querySelector('saoma-sign-in');
const SMS_EVERY_MS = 500;

let person = ''; // the phone's token, once it is signed in
let scanned = ''; // the code that the phone has read
let challenge = '';

function log(text) {
  const line = document.createElement('li');
  line.textContent = text;
  $('log').append(line);
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// --- the site ---

/** Hands the ticket to the site's server, as docs/widget.md says. */
async function signIn(ticket) {
  const { status, body } = await post('/demo/exchange', { ticket });
  log(`site’s server: POST /qr/ticket → ${status}`);
  if (status !== 200) return widget.restart();
  $('name').textContent = body.user.nickName;
  widget.hidden = true;
  $('inside').hidden = false;
  document.querySelector('main').dataset.state = 'signed-in';
}

for (const name of ['scanned', 'signed-in', 'expired', 'cancelled', 'error']) {
  widget.addEventListener(name, ({ detail }) => log(`widget: ${name}${detail?.code ? ` (${detail.code})` : ''}`));
}
widget.addEventListener('signed-in', ({ detail }) => signIn(detail.ticket));
$('out').addEventListener('click', () => location.assign('/demo'));

// A person who signed in on this very device comes back with the ticket in the address.
const ticket = new URLSearchParams(location.search).get('ticket');
if (ticket) {
  history.replaceState(null, '', '/demo');
  signIn(ticket);
}

// --- the phone ---

function step(name) {
  for (const part of document.querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== name;
  $('trouble').hidden = true;
}

function trouble(text) {
  $('trouble').textContent = text;
  $('trouble').hidden = false;
}

/** A call of the phone; the site's server hands it on. */
async function call(path, body) {
  const answer = await post('/demo/phone', { path, token: person, body });
  log(`phone: POST ${path.replace(/[0-9A-Z]{26}/, '…')} → ${answer.status}`);
  if (answer.status !== 200) trouble(t('failed', { code: answer.body.code ?? answer.status }));
  return answer;
}

/** What a camera would read from the picture: the demo looks where the widget keeps its code. */
function readCode() {
  const kept = sessionStorage.getItem(`saoma.widget.${widget.getAttribute('client')}.0`);
  return kept ? JSON.parse(kept).code : '';
}

async function scan() {
  scanned = readCode();
  if (!scanned) return trouble(t('noCode'));
  if (person) return ask();
  $('number').value ||= `+86139${String(crypto.getRandomValues(new Uint32Array(1))[0] % 1e8).padStart(8, '0')}`;
  step('number');
}

async function sendCode() {
  const drawn = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)));
  challenge = btoa(drawn).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const phone = $('number').value;
  const { status } = await call('/api/user/sendCode', { phone, challenge });
  if (status !== 200) return;
  step('code');
  waitForMessage(phone);
}

async function waitForMessage(number) {
  const { body } = await post('/demo/sms', { number });
  if (!body.message) return setTimeout(() => waitForMessage(number), SMS_EVERY_MS);
  $('sms-text').textContent = body.message;
  $('sms').hidden = false;
}

function takeMessage() {
  $('code').value = /\d{6}/.exec($('sms-text').textContent)?.[0] ?? '';
  $('sms').hidden = true;
  $('code-form').requestSubmit();
}

async function enterCode() {
  $('sms').hidden = true;
  const { status, body } = await call('/api/user/login/code', { challenge, code: $('code').value });
  if (status !== 200) return;
  person = body.token;
  await ask();
}

async function ask() {
  const { status, body } = await call(`/q/${scanned}/scan`, {});
  if (status !== 200) return;
  const { client, seen, matchNumber } = body.consent;
  $('client').textContent = client.name;
  $('seen').textContent = t('seen', seen);
  $('numbers').replaceChildren(...(matchNumber?.choices ?? []).map(tile));
  step('question');
}

function tile(number) {
  const label = document.createElement('label');
  const radio = document.createElement('input');
  [radio.type, radio.name, radio.value, radio.required] = ['radio', 'number', number, true];
  label.append(radio, number);
  return label;
}

async function decide(accept) {
  const matchNumber = document.querySelector('input[name=number]:checked')?.value;
  const { status } = await call(`/q/${scanned}/${accept ? 'confirm' : 'cancel'}`, accept ? { matchNumber } : {});
  if (status !== 200) return;
  $('done-title').textContent = t(accept ? 'confirmed' : 'cancelled');
  $('done-lead').textContent = t(accept ? 'confirmedLead' : 'cancelledLead');
  step('done');
}

function onSubmit(form, work) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    work();
  });
}

document.documentElement.lang = chinese ? 'zh-CN' : 'en';
for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
$('scan').addEventListener('click', scan);
$('sms').addEventListener('click', takeMessage);
$('no').addEventListener('click', () => decide(false));
$('more').addEventListener('click', () => step('lock'));
onSubmit('number-form', sendCode);
onSubmit('code-form', enterCode);
onSubmit('question', () => decide(true));
