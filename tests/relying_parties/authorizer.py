"""An HTTP API of API Gateway, in the emulator, whose JWT authorizer trusts Saoma as docs/relying-parties.md says.

    python authorizer.py '{"issuer": …, "client": …, "tokens": {"name": "token", …}}'

prints {"done": {"name": status, …}}: what the API answers to a call with each token.
"""

import json
import re
import sys
from pathlib import Path

import boto3
import requests
import yaml

DOCS = Path(__file__).parents[2] / "docs" / "relying-parties.md"
PATH = "/.well-known/jwks.json"


def documented():
    """The authorizer of the page's template."""
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return yaml.safe_load(text)["MyApi"]["Properties"]["Auth"]["Authorizers"]["Saoma"]


def main(issuer, client, tokens):
    """Creates the API with its authorizer, and calls it with each token."""
    gateway = boto3.client("apigatewayv2")
    it = documented()
    api = gateway.create_api(Name="mine", ProtocolType="HTTP")["ApiId"]
    authorizer = gateway.create_authorizer(
        ApiId=api, Name="saoma", AuthorizerType="JWT", IdentitySource=[it["IdentitySource"]],
        JwtConfiguration={"Issuer": issuer, "Audience": [client for _ in it["JwtConfiguration"]["audience"]]},
    )["AuthorizerId"]  # fmt: skip
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="GET", PayloadFormatVersion="1.0",
        IntegrationUri=issuer,  # any server that answers; the emulator adds the route's path
    )["IntegrationId"]  # fmt: skip
    gateway.create_route(
        ApiId=api, RouteKey=f"GET {PATH}", Target=f"integrations/{integration}", AuthorizationType="JWT",
        AuthorizerId=authorizer, AuthorizationScopes=it["AuthorizationScopes"],
    )  # fmt: skip
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    address, host = f"{gateway.meta.endpoint_url}{PATH}", f"{api}.execute-api.localhost"

    def status(token):
        headers = {"Host": host, "Authorization": f"Bearer {token}"}
        return requests.get(address, headers=headers, timeout=60).status_code

    print(json.dumps({"done": {name: status(token) for name, token in tokens.items()}}), flush=True)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
