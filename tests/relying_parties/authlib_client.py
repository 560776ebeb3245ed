"""A web site by Authlib (PyPI), unmodified. It speaks as openid_client.mjs does: one JSON object a line.

    python authlib_client.py '{"issuer": …, "client": …, "redirect": …}'
"""

import json
import os
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the issuer is on this machine, by plain HTTP


def tell(what):
    print(json.dumps(what), flush=True)


def main(issuer, client, redirect, secret=None):
    """Signs a person in by the code flow, and uses what it gets."""
    there = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
    session = OAuth2Session(
        client,
        secret,
        scope="openid profile phone",
        redirect_uri=redirect,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
    )
    verifier, nonce = generate_token(48), generate_token(16)
    address, state = session.create_authorization_url(there["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    tell({"open": address})
    back = input()
    tokens = session.fetch_token(there["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)

    keys = KeySet.import_key_set(requests.get(there["jwks_uri"], timeout=60).json())
    read = jwt.decode(tokens["id_token"], keys, algorithms=there["id_token_signing_alg_values_supported"])
    expected = {"iss": {"values": [issuer]}, "aud": {"values": [client]}}
    claims = CodeIDToken(read.claims, read.header, expected, {"nonce": nonce, "access_token": tokens["access_token"]})
    claims.validate()

    person = session.get(there["userinfo_endpoint"], timeout=60).json()
    newest = session.refresh_token(there["token_endpoint"])["refresh_token"]
    session.revoke_token(there["revocation_endpoint"], token=newest).raise_for_status()
    try:
        after = session.refresh_token(there["token_endpoint"], refresh_token=newest)
    except OAuthError as refused:
        after = refused.error
    done = {"sub": claims["sub"], "token_type": tokens["token_type"], "phone_number": person["phone_number"], "after": after}
    tell({"done": done})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
