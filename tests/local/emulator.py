"""The AWS emulator: a fresh one for each start, nothing kept."""

import json
import os
import re
import shutil
import threading
import time
import urllib.request
from contextlib import contextmanager

import boto3

import template as sam
from processes import SCRATCH, VENV, Failure, end, start, wait_until

REGION = "us-east-1"
STACK = "saoma-local"


class Emulator:
    """A running emulator."""

    def __init__(self, port):
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"

    def aws_environment(self):
        """The variables that an AWS SDK needs to talk to it. The keys give access to nothing."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def environment(self):
        """Our environment, for a program that talks to it."""
        return {**os.environ, **self.aws_environment()}

    def client(self, service, config=None):
        """A boto3 client of a service."""
        return boto3.client(
            service,
            config=config,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def get(self, path):
        """The JSON of one of the emulator's own pages."""
        with urllib.request.urlopen(self.endpoint + path, timeout=5) as answer:
            return json.load(answer)

    def messages(self):
        """Every SMS sent so far, in order for each number."""
        kept = self.get("/_ministack/sns/sms-messages")["sms_messages"]
        return {number: [record["Message"] for record in records] for number, records in kept.items()}


@contextmanager
def running(port, *, auth=True):
    """Starts an emulator on a port and ends it with everything it wrote.

    With `auth`, it checks signatures, and each function has the rights of its role and no more.
    """
    # From here on, no AWS account or profile of the person who runs this program is in reach.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    log = SCRATCH / f"emulator-{port}.log"
    home = SCRATCH / f"emulator-{port}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    # Lambda processes inherit this environment, so it holds nothing of ours: what a function sees is what the template
    # gives it.
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    emulator = Emulator(port)
    env |= {
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AUTH": "true" if auth else "false",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "INFO",
    }
    process = start([VENV / "ministack"], env=env, log=log)
    try:
        wait_until("the AWS emulator", lambda: _ready(emulator), process, log)
        yield emulator
    finally:
        end(process)
        shutil.rmtree(home, ignore_errors=True)


def create_data(emulator, template, **parameters):
    """Creates the template's data resources, with these parameters besides the local ones; returns the stack's outputs."""
    cloudformation = emulator.client("cloudformation")
    parameters = local_parameters(emulator) | parameters
    parameters = [{"ParameterKey": name, "ParameterValue": it} for name, it in parameters.items()]
    body = json.dumps(sam.data_only(template))
    cloudformation.create_stack(StackName=STACK, TemplateBody=body, Parameters=parameters)
    waiter = cloudformation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150})
    except Exception as error:
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
        raise Failure(f"the emulator did not create the data of template.yaml: {reasons or error}") from error
    return outputs(emulator)


def local_parameters(emulator):
    """The parameters of a local stack: the emulator, phones of both kinds, all countries, RSA keys, webhooks to this machine."""
    sns = emulator.client("sns")

    def platform(kind):
        keys = {"PlatformPrincipal": "local", "PlatformCredential": "local"}
        made = sns.create_platform_application(Name="saoma-local", Platform=kind, Attributes=keys)
        return made["PlatformApplicationArn"]

    return {
        "ApnsPlatformArn": platform("APNS_SANDBOX"),
        "FcmPlatformArn": platform("GCM"),
        "SmsCountries": "all",
        "RsaKeys": "on",
        "WebhookLoopback": "true",
        "AwsEndpointUrl": emulator.endpoint,
    }


def physical_ids(emulator):
    """The resources that the stack created, by logical id."""
    rows = emulator.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows if row.get("PhysicalResourceId")}


def outputs(emulator):
    """The stack's outputs."""
    rows = emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0].get("Outputs", [])
    return {row["OutputKey"]: row["OutputValue"] for row in rows}


def follow_messages(emulator):
    """Prints each SMS as it is sent, for as long as the program runs."""

    def follow():
        seen = {}
        while True:
            time.sleep(0.5)
            try:
                messages = emulator.messages()
            except OSError:
                continue
            for number, texts in messages.items():
                for text in texts[seen.get(number, 0) :]:
                    print(f"\n  SMS to {masked(number)}: {text}\n", flush=True)
                seen[number] = len(texts)

    threading.Thread(target=follow, daemon=True).start()


def masked(number):
    """+8613800138000 as +86138****8000."""
    return re.sub(r"\d{4}(?=\d{4}$)", "****", number)


def _ready(emulator):
    try:
        return emulator.get("/_ministack/ready")["status"] == "completed"
    except (OSError, ValueError, KeyError):
        return False
