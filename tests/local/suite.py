"""make test: runs all checks, cheapest first. Uses free ports, so that a `make run` can stay up.

make check stops after the first step.
"""

import os
import re
import sys
import time

import emulator as aws
import node
import template as sam
from alarms import alarms
from demo import demo
from deploy_local import deployed
from fuzz import fuzz
from processes import ROOT, SCRATCH, VENV, beside, free_port, run, tidy
from rotation import rotation
from second_store import moto
from serve import build, served

STORE_CONTRACT = "package(saoma-dynamo) and binary(contract)"
END_TO_END = "binary(e2e)"  # the nextest filter of what needs a served stack
# A page is the same file however it is served, so the second stack is walked in English alone.
IN_ONE_LANGUAGE = f"{END_TO_END} and not test(/_chinese$/)"
# They time what people feel, and a test beside them would be timed, too. Lighthouse marks the time.
TIMED = "test(/::(a_confirm_changes_the_screen_at_once|the_sign_in_page_gets_full_marks)$/)"
# They wait for a clock most of the time: for a code to run out, or for a QR to change.
WAITING = f"""(not {TIMED} and (
    test(/^(rotating|sockets|waiting_phones)::/)
    or test(/^account::a_person_ends_a_phone_and_leaves/)
    or test(/^oauth::a_browser_that_keeps_nothing/)
    or test(/^proof::a_person_proves_again/)
    or test(/^walks::codes_run_out/)
    or test(/^webhooks::a_server/)
))"""
DOCS = (
    "docs/kiosk.md",
    "docs/web.md",
    "docs/widget.md",
    "docs/oauth.md",
    "docs/remembered.md",
    "docs/shop.md",
    "docs/accounts.md",
    "docs/people.md",
    "docs/operations.md",  # the last, because it drops a key
)
LOGINS_OF_A_ROTATION = 16  # tests/local/rotation.py plays 200 by itself
SHORT_LAG = 2  # seconds; `python tests/local/alarms.py` waits longer and rings StreamAgeAlarm too
MUTATED_EVENTS = 2_000  # for each function; `make fuzz` feeds more
# All people in the tests call from one address.
RAISED = {"CreatesPerMinute": "100000", "MissesPerMinute": "1000000", "SmsPerNetworkPerDay": "1000000", "SmsPerDay": "100000000"}
LOST_CALLS = 2  # how many the local gateway may lose of one test; AWS loses none
FEW_TRIES = {"WebhookTries": "4"}  # of a call, so that a test sees the last one


def check():
    """Format, lints, and the template."""
    step("format and lints")
    run(["cargo", "fmt", "--all", "--check"])
    run(["cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])
    step("template.yaml")
    run([VENV / "cfn-lint", "template.yaml"])
    offline = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": aws.REGION}
    run([VENV / "sam", "validate", "--lint"], env=offline)
    run([sys.executable, "tests/local/check_template.py"])
    step("docs/security.md")
    run([sys.executable, "tests/local/check_security.py"])


def unit_contract_and_http():
    """Everything that needs no served stack; the store's contract also runs on the emulator's DynamoDB."""
    step("the local tools' own tests")
    run([sys.executable, "-m", "unittest", "discover", "--quiet", "--start-directory", "tests/local"])
    step("unit, contract and HTTP tests")
    with aws.running(free_port()) as emulator:
        outputs = aws.create_data(emulator, sam.load())
        nextest(f"not {END_TO_END}", {**emulator_environment(emulator), **output_environment(outputs)})
    step("the store contract on a second DynamoDB")
    with moto(free_port(), sam.load()) as (store, outputs):
        nextest(STORE_CONTRACT, {**emulator_environment(store), **output_environment(outputs)})


def end_to_end():
    """The same tests, and the pages of docs/, against both ways of serving."""
    build()
    node.install()
    step("events that are not what they should be")
    fuzz(MUTATED_EVENTS, profile="debug")
    step("the keys are rotated while people sign in")
    rotation(LOGINS_OF_A_ROTATION, wait=15, profile="debug")
    step("the dashboard is read back, and the alarms ring")
    alarms(lag=SHORT_LAG)
    step("end to end, as `make run` serves")
    os.environ |= {upper(name): value for name, value in RAISED.items()}
    with aws.running(free_port()) as emulator, served(free_port(), emulator, reload=False, **FEW_TRIES) as stack:
        against(stack, "run", END_TO_END)
    step("end to end, as `make deploy-local` deploys")
    with aws.running(free_port()) as emulator, deployed(free_port(), emulator, **RAISED, **FEW_TRIES) as stack:
        against(stack, "deploy-local", IN_ONE_LANGUAGE)


def against(stack, served_by, tests):
    """Everything that calls a served stack: these tests, and the pages of docs/."""
    environment = stack_environment(stack, served_by)
    with demo(stack) as site:
        its = {**environment, "SAOMA_DEMO": site}
        log = SCRATCH / f"waiting-{served_by}.log"
        with beside(tests_in(f"{tests} and {WAITING}", threads=4, retries=LOST_CALLS), env=compared(its), log=log):
            nextest(f"{tests} and not {WAITING} and not {TIMED}", its, threads=2, retries=LOST_CALLS)
        nextest(f"{tests} and {TIMED}", its, threads=1, retries=LOST_CALLS)
    run([sys.executable, "tests/local/check_openapi.py", stack.url])
    port = {"EMULATOR_PORT": str(stack.emulator.port)}
    docs = [sys.executable, "tests/local/pages_of_docs.py", *DOCS]
    run(docs, env={**os.environ, **environment, **port})


def nextest(which, environment, **how):
    """Runs some of the tests."""
    run(tests_in(which, **how), env=compared(environment))


def tests_in(which, threads="num-cpus", retries=0):
    """The command that runs some of the tests, this many at once."""
    return [
        "cargo", "nextest", "run", "--workspace",
        "--test-threads", str(threads),
        "--retries", str(retries),
        "--filterset", which,
    ]  # fmt: skip


def compared(environment):
    """This environment, in which tests compare with the snapshots as they are, and write none."""
    return {**environment, "INSTA_UPDATE": "no"}


def emulator_environment(emulator):
    """Where the emulator is: SAOMA_EMULATOR, and what an AWS SDK reads."""
    return {**emulator.environment(), "SAOMA_EMULATOR": emulator.endpoint}


def stack_environment(stack, served_by):
    """Where the stack is: SAOMA_URL, SAOMA_SERVED_BY, and each output, SessionsTable as SAOMA_SESSIONS_TABLE; and Node.js."""
    where = {"SAOMA_URL": stack.url, "SAOMA_SERVED_BY": served_by, "SAOMA_NODE": str(node.NODE)}
    return {**emulator_environment(stack.emulator), **output_environment(stack.outputs), **where}


def output_environment(outputs):
    """Each output of the stack, SessionsTable as SAOMA_SESSIONS_TABLE."""
    return {f"SAOMA_{upper(name)}": value for name, value in outputs.items()}


def upper(name):
    """SessionsTable as SESSIONS_TABLE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def step(name):
    """Prints the next step, and the time."""
    print(f"\n== {name} ({time.strftime('%H:%M:%S')})", flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    with tidy():
        check()
        if sys.argv[1:] != ["check"]:
            unit_contract_and_http()
            end_to_end()
            step("all passed")
