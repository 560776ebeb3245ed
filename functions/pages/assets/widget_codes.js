// The codes of the widget: those of a registered client, asked for from a page of its site.

import { call } from './api.js';
import { stateOf } from './flags.js';

/**
 * What qr.js needs to know of them. `site` says who asks: the service's address `server`, the `client`, the `state` that the
 * exchange of the ticket returns, and the `place` where this tab keeps the code. `leave(url)` goes on when the phone has
 * confirmed, and `tried(answer)` is told of each try to get a code.
 */
export const widgetCodes = ({ server, client, state, place }, { leave, tried }) => {
  const query = new URLSearchParams(state ? { client, state } : { client });
  const here = `${server}/phone?${query}`;
  return {
    kept: place,
    about: here,
    here: () => here,

    async open(replaced) {
      const answer = await call('GET', `${server}/qr/code?${query}&rotate=auto`, { token: replaced, cookies: false });
      tried(answer);
      return answer;
    },

    async ask(pollToken) {
      const answer = await call('GET', `${server}/qr/login`, { token: pollToken, cookies: false, tries: 1 });
      return { ...answer, state: stateOf(answer) };
    },

    leadsOn: (url) => /^https?:\/\//i.test(url),
    leave,
  };
};
