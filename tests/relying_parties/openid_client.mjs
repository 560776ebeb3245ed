// A client by openid-client (npm), unmodified. It signs a person in and prints one JSON object a line:
// {"open": address}, {"scan": text} or {"asked": true} when the person must act, and {"done": what it got} at the end.
//
//   node openid_client.mjs '{"issuer": …, "client": …, "flow": "code", …}'

import { createInterface } from 'node:readline/promises'
import * as oidc from 'openid-client'

const SCOPE = 'openid profile phone'
const options = JSON.parse(process.argv[2])

const tell = (what) => console.log(JSON.stringify(what))

async function discovered() {
  const proof = options.secret ? oidc.ClientSecretBasic(options.secret) : oidc.None()
  const local = { execute: [oidc.allowInsecureRequests] } // the issuer is on this machine, by plain HTTP
  return oidc.discovery(new URL(options.issuer), options.client, undefined, proof, local)
}

async function byCode(config, bound) {
  const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()]
  const asked = {
    redirect_uri: options.redirect,
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
  const address = options.par
    ? await oidc.buildAuthorizationUrlWithPAR(config, asked, bound)
    : oidc.buildAuthorizationUrl(config, asked)
  tell({ open: address.href })
  const lines = createInterface({ input: process.stdin })
  const back = new URL(await lines.question(''))
  lines.close()
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return oidc.authorizationCodeGrant(config, back, checks, undefined, bound)
}

async function byDevice(config, bound) {
  const begun = await oidc.initiateDeviceAuthorization(config, { scope: SCOPE, device_name: 'openid-client' })
  tell({ scan: begun.verification_uri_complete })
  return oidc.pollDeviceAuthorizationGrant(config, begun, undefined, bound)
}

async function byAsking(config, bound) {
  const asked = { scope: SCOPE, login_hint: options.person, binding_message: options.message }
  const begun = await oidc.initiateBackchannelAuthentication(config, asked)
  tell({ asked: true })
  return oidc.pollBackchannelAuthenticationGrant(config, begun, undefined, bound)
}

async function used(config, tokens, bound) {
  const { sub } = tokens.claims()
  const person = await oidc.fetchUserInfo(config, tokens.access_token, sub, bound)
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, bound)
  const worth = options.secret && (await oidc.tokenIntrospection(config, next.access_token))
  await oidc.tokenRevocation(config, next.refresh_token)
  const after = await oidc.refreshTokenGrant(config, next.refresh_token, undefined, bound).catch((refused) => refused.error)
  tell({ done: { sub, token_type: tokens.token_type, phone_number: person.phone_number, worth: worth?.active, after } })
}

const config = await discovered()
const bound = options.dpop ? { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')) } : undefined
const flows = { code: byCode, device: byDevice, ciba: byAsking }
await used(config, await flows[options.flow](config, bound), bound)
