// The codes for a site that asks by OAuth. Its request comes sealed in the address, and the page hands it to the service
// with each call, because the service does not keep it.

import { call } from './api.js';
import { isolate, learn, t } from './i18n.js';
import { showLogo } from './logo.js';
import { learnt, tellScopes } from './scopes.js';
import { $, say } from './view.js';
import { askedWords } from './words/asked.js';

/**
 * What qr.js needs to know of them. `about` is the sealed request; `over` is called when it can no longer be answered,
 * `known` when the browser is signed in, with the client and the person, and `here` when the person must sign in in this
 * browser first. The person who scans all the same sets `scan`; `strict` says that this does not help.
 */
export const askedCodes = (about, { over, known, here }) => ({
  kept: 'saoma.authorize',
  about,
  names: {},
  scan: false,
  strict: false,

  open(replaced) {
    return call('POST', '/oauth/authorize/begin', { body: { request: about, scan: this.scan }, token: replaced });
  },

  isOver({ status, body }) {
    if (status === 400) over();
    if (body.signInHere) here();
    if (status === 200 && body.person) {
      this.opened(body);
      this.strict = Boolean(body.strict);
      known(this.names.client, isolate(body.person));
    }
    return status === 400 || Boolean(body.person || body.signInHere);
  },

  opened({ client, scopes, onlyFor, asked }) {
    if (asked) this.tellAsked(asked);
    const known = this.names.client;
    this.names.client = isolate(client.name || client.id);
    showLogo($('client-logo'), client.logo);
    tellScopes(scopes);
    $('someone-else').hidden = !onlyFor;
    say($('only-for'), onlyFor ? t('authorize.onlyFor', { person: isolate(onlyFor) }) : '');
    $('back').textContent = t('authorize.back', this.names);
    return known ? '' : `${t('screen.title.waiting', this.names)}. ${t('scopes.learns')} ${learnt(scopes ?? []).join('; ')}`;
  },

  /** The person is asked on their phone. Whatever becomes of the question, the next code is one to scan. */
  tellAsked(person) {
    this.scan = true;
    this.names.person = isolate(person);
    learn(askedWords);
    $('restart').textContent = t('screen.notYou');
  },

  async ask(pollToken) {
    const answer = await call('GET', '/oauth/authorize/status', { token: pollToken, tries: 1 });
    // A code that the service does not know any more has run out.
    return { ...answer, state: [401, 404].includes(answer.status) ? 'expired' : answer.body.state };
  },

  leadsOn,
  /** Browsers open an app only after a touch, so the way to an app stays on the page as a link. */
  leave(url) {
    const isApp = !/^https?:/i.test(url);
    $('go-back').hidden = !isApp;
    if (isApp) $('go-back').href = url;
    $('go-back').textContent = $('back').textContent;
    location.replace(url);
  },
});

/** Whether the browser may go on there: a page, or an app by its scheme, which has a dot in it (RFC 8252 section 7.1). */
export const leadsOn = (url) => /^(https?:\/\/|[a-z][a-z\d+-]*\.[a-z\d+.-]*:)/i.test(url);
