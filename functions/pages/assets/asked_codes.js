// The codes for a site that asks by OAuth. Its request comes sealed in the address, and the page hands it to the service
// with each call, because the service does not keep it.

import { call } from './api.js';
import { isolate, t } from './i18n.js';
import { learnt, tellScopes } from './scopes.js';
import { $ } from './view.js';

/**
 * What qr.js needs to know of them. `about` is the sealed request; `over` is called when it can no longer be answered, and
 * `known` when the browser is signed in, with the client and the person. The person who scans all the same sets `scan`.
 */
export const askedCodes = (about, over, known) => ({
  kept: 'saoma.authorize',
  about,
  names: {},
  scan: false,

  open(replaced) {
    return call('POST', '/oauth/authorize/begin', { body: { request: about, scan: this.scan }, token: replaced });
  },

  isOver({ status, body }) {
    if (status === 400) over();
    if (status === 200 && body.person) {
      this.opened(body);
      known(this.names.client, isolate(body.person));
    }
    return status === 400 || Boolean(body.person);
  },

  opened({ client, scopes }) {
    const known = this.names.client;
    this.names.client = isolate(client.name || client.id);
    tellScopes(scopes);
    $('back').textContent = t('authorize.back', this.names);
    return known ? '' : `${t('screen.title.waiting', this.names)}. ${t('scopes.learns')} ${learnt(scopes ?? []).join('; ')}`;
  },

  async ask(pollToken) {
    const answer = await call('GET', '/oauth/authorize/status', { token: pollToken, tries: 1 });
    // A code that the service does not know any more has run out.
    return { ...answer, state: [401, 404].includes(answer.status) ? 'expired' : answer.body.state };
  },

  leadsOn,
  leave: (url) => location.replace(url),
});

/** Whether the browser may go on there: a page, or an app by its scheme, which has a dot in it (RFC 8252 section 7.1). */
export const leadsOn = (url) => /^(https?:\/\/|[a-z][a-z\d+-]*\.[a-z\d+.-]*:)/i.test(url);
