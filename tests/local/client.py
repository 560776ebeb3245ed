"""make client: registers a product that may open sessions, and prints its secret, once.

    make client ID=my-shop NAME="My shop" PAGE=https://shop.example/signed-in ORIGIN=https://shop.example
    make client ID=clientId-01 NAME="Hosted" DIALECT=remembered WEBHOOK=https://hosted.example/logins

ID and NAME are needed. DIALECT is web with a PAGE, else kiosk, unless it is remembered or shop; POLICY is off, show or
pick; WEBHOOK is told of the client's logins; APPS=a,b are the only apps whose phones may approve them.
Writes to the local emulator, or with STAGE=dev, staging or prod to that stack on AWS.
"""

import argparse
import hashlib
import os
import re
import secrets
import sys

import boto3

import emulator as aws
from processes import Failure, listening, tidy

DIALECTS = ("kiosk", "web", "remembered", "shop")


def main():
    """Reads the command line, writes the client, prints the secret."""
    options = parser().parse_args()
    check(options)
    directory, table = directory_of(options)
    secret = secrets.token_urlsafe(32)
    try:
        client, *origins = items(options, hashlib.sha256(secret.encode()).digest())
        directory.put_item(TableName=table, Item=client, ConditionExpression="attribute_not_exists(pk)")
        for origin in origins:
            directory.put_item(TableName=table, Item=origin)
    except directory.exceptions.ConditionalCheckFailedException:
        raise Failure(f"there is a client {options.id} already") from None
    print(f"client  {options.id}\nsecret  {secret}\n\nThe secret is kept nowhere: only its SHA-256 is stored.")
    for note in notes(client, directory, table):
        print(f"Note: {note}", file=sys.stderr)


def notes(client, directory, table):
    """Warnings about settings that are allowed but may be a mistake."""
    if client["dialects"]["L"] == [{"S": "web"}] and "return_url" not in client:
        yield "without PAGE=... people who sign in land on our own page /welcome"
    for app in client.get("apps", {}).get("L", []):
        key = {"pk": {"S": f"CLIENT#{app['S']}"}, "sk": {"S": "CLIENT"}}
        if "Item" not in directory.get_item(TableName=table, Key=key):
            yield f"there is no client {app['S']} yet; until it is registered, no one can sign in through it"


def check(options):
    """Refuses here what the service would refuse to read."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", options.id):
        raise Failure("ID=... is needed: 1 to 32 letters, digits, dots, dashes and underscores")
    if not options.name.strip() or len(options.name.encode()) > 64:
        raise Failure("NAME=... is needed: what a person reads before confirming, at most 64 bytes")
    for name, address in (("PAGE", options.page), ("WEBHOOK", options.webhook)):
        if address and not re.match(r"https://[^/@\\\s]+|http://(localhost|127\.0\.0\.1)([:/]|$)", address):
            raise Failure(f"{name}=... is an https address (http for localhost only)")
    if not all(re.fullmatch(r"[A-Za-z0-9._-]{1,32}", app) for app in options.apps):
        raise Failure("APPS=... are the ids of apps with commas between them")


def items(options, secret_hash):
    """The client as shared/dynamo/src/directory/clients.rs reads it, and its origins by themselves for preflights."""
    client = {
        "pk": {"S": f"CLIENT#{options.id}"},
        "sk": {"S": "CLIENT"},
        "name": {"S": options.name},
        "dialects": {"L": [{"S": options.dialect or ("web" if options.page else "kiosk")}]},
        "match_policy": {"S": options.policy},
        "secret": {"B": secret_hash},
    }
    if options.page:
        client["return_url"] = {"S": options.page}
    if options.origin:
        client["origins"] = {"L": [{"S": origin} for origin in options.origin]}
    if options.webhook:
        client["webhook"] = {"S": options.webhook}
    if options.apps:
        client["apps"] = {"L": [{"S": app} for app in options.apps]}
    return [client] + [{"pk": {"S": f"ORIGIN#{origin}"}, "sk": {"S": "ORIGIN"}} for origin in options.origin]


def directory_of(options):
    """A DynamoDB client and the name of the Directory table."""
    if options.stage == "local":
        local = aws.Emulator(options.emulator_port)
        no_stack = Failure(f"no local stack at {local.endpoint}: start one with make run or make deploy-local")
        if not listening(options.emulator_port):  # an SDK would ask again and again
            raise no_stack
        try:
            return local.client("dynamodb"), aws.outputs(local)["DirectoryTable"]
        except Exception as error:
            raise no_stack from error
    stack = boto3.client("cloudformation").describe_stacks(StackName=f"saoma-{options.stage}")["Stacks"][0]
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    return boto3.client("dynamodb"), outputs["DirectoryTable"]


def words(text):
    """A list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def parser():
    """The command line."""
    found = argparse.ArgumentParser(prog="make client", description="Registers a client.")
    found.add_argument("--id", required=True, help="what the client calls itself: channel, region, client_id")
    found.add_argument("--name", required=True, help="what a person reads before confirming")
    found.add_argument("--policy", choices=["off", "show", "pick"], default="show", help="the match number")
    found.add_argument("--dialect", choices=DIALECTS, help="the contract it speaks: web with a page, else kiosk")
    found.add_argument("--page", help="where a signed-in PC page goes")
    found.add_argument("--origin", type=words, default=[], help="the origins whose pages may poll, with commas between them")
    found.add_argument("--webhook", help="where its server is told of its logins")
    found.add_argument("--apps", type=words, default=[], help="the apps that may approve its logins; without, all may")
    found.add_argument("--stage", default="local", choices=["local", "dev", "staging", "prod"])
    found.add_argument("--emulator-port", type=int, default=int(os.environ.get("EMULATOR_PORT") or 4566))
    return found


if __name__ == "__main__":
    with tidy():
        main()
