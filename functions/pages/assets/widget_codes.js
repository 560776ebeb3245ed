// The codes of the widget: those of a registered client, asked for from a page of its site.

import { call } from './api.js';
import { stateOf } from './flags.js';

/**
 * What qr.js needs to know of them. `site` says who asks: the service's address `server`, the `client`, and the `state` that
 * the exchange of the ticket returns. `leave(url)` goes on when the phone has confirmed, and `refused(answer)` is told why no
 * code came.
 */
export const widgetCodes = ({ server, client, state }, { leave, refused }) => {
  const query = new URLSearchParams(state ? { client, state } : { client });
  const here = `${server}/phone?${query}`;
  return {
    kept: `saoma.widget.${client}`,
    about: here,
    here: () => here,

    async open(replaced) {
      const answer = await call('GET', `${server}/qr/code?${query}&rotate=auto`, { token: replaced, cookies: false });
      if (answer.status !== 200) refused(answer);
      return answer;
    },

    async ask(pollToken) {
      const answer = await call('GET', `${server}/qr/login`, { token: pollToken, cookies: false, tries: 1 });
      return { ...answer, state: stateOf(answer.body) };
    },

    leadsOn: (url) => /^https?:\/\//i.test(url),
    leave,
  };
};
