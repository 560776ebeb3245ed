"""A user pool of Amazon Cognito, in the emulator, that trusts Saoma as docs/relying-parties.md says. It speaks as
openid_client.mjs does: one JSON object a line.

    python cognito.py '{"issuer": …, "client": …, "secret": …, "redirect": …}'
"""

import base64
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import requests

DOCS = Path(__file__).parents[2] / "docs" / "relying-parties.md"


def tell(what):
    print(json.dumps(what), flush=True)


def documented(name, **values):
    """The JSON that the page gives an option, with our values."""
    text = re.search(rf"--{name} '(\{{.*?\}})'", DOCS.read_text(), re.DOTALL)[1]
    return {key: values.get(key, value) for key, value in json.loads(text).items()}


def main(issuer, client, secret, redirect):
    """Creates the pool, signs a person in through it, and reads what the pool knows of them."""
    cognito = boto3.client("cognito-idp")
    base = cognito.meta.endpoint_url
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    details = documented("provider-details", client_id=client, client_secret=secret, oidc_issuer=issuer)
    # AWS discovers these. The emulator could not, where it serves the issuer itself: it waits for its own answer.
    there = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
    details |= {
        "authorize_url": there["authorization_endpoint"], "token_url": there["token_endpoint"],
        "attributes_url": there["userinfo_endpoint"], "jwks_uri": there["jwks_uri"],
    }  # fmt: skip
    mapping = documented("attribute-mapping")
    cognito.create_identity_provider(
        UserPoolId=pool, ProviderName="Saoma", ProviderType="OIDC", ProviderDetails=details, AttributeMapping=mapping
    )
    app = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="app", CallbackURLs=[redirect], SupportedIdentityProviders=["Saoma"],
        AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"], AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    asked = {"identity_provider": "Saoma", "client_id": app, "response_type": "code", "scope": "openid", "redirect_uri": redirect}
    tell({"open": f"{base}/oauth2/authorize?{urlencode(asked)}"})
    brought = parse_qs(urlsplit(input()).query)
    form = {"grant_type": "authorization_code", "client_id": app, "redirect_uri": redirect, "code": brought["code"][0]}
    answer = requests.post(f"{base}/oauth2/token", data=form, timeout=60)
    payload = answer.json()["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    user = cognito.list_users(UserPoolId=pool)["Users"][0]
    # AWS also asks userinfo for the mapped claims; the emulator reads the ID token alone, which has no telephone number.
    tell({"done": {"of_the_pool": claims["iss"], "user": user["Username"], "status": user["UserStatus"]}})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
