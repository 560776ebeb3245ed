// node-oidc-provider with one client: argv[2] is its port. It keeps everything in memory, and lets its person in without
// asking.

import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { BACK, CLIENT, DEVICE_CODE, SECRET } from './login.mjs';

const port = Number(process.argv[2]);
const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const key = { ...(await crypto.subtle.exportKey('jwk', privateKey)), alg: 'ES256', use: 'sig' };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: CLIENT, client_secret: SECRET, redirect_uris: [BACK], response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE], id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [key] },
  cookies: { keys: [crypto.randomUUID()] },
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'A person' }) }),
  features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
  interactions: { url: (_, interaction) => `/let-in/${interaction.uid}` },
});

const answer = provider.callback();

/** Signs the person in and grants what the client asks for, in one step. */
async function letIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = 'person';
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId: await grant.save() } });
}

createServer((request, response) => {
  if (!request.url.startsWith('/let-in/')) return answer(request, response);
  letIn(request, response).catch((error) => response.writeHead(500).end(String(error)));
}).listen(port, '127.0.0.1');
