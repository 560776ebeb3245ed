"""Reads the dashboard back after one login of each contract, and makes every alarm of the template ring once.

python tests/local/alarms.py     rings every alarm, in about two minutes; it needs `cargo build --bins` first
make test                        rings all but StreamAgeAlarm, for which `notify` must lag by more than a minute

The whole template is deployed into the emulator, with small budgets. Each alarm's condition is brought about on the
running service: a right is taken away, a budget is spent, codes are guessed, a client's server is down, a function may
not run. Then the alarm's metric is past its threshold, the alarm is in ALARM, and its topic has published that.
cloudwatch.py says what publishes the metrics.
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import cloudwatch
import emulator as aws
from deploy_local import deployed
from played_logins import LOGINS
from processes import Failure, free_port, tidy
from stage import DOWN, Stage, new_challenge, solved

SMALL = {"SmsPerDay": "10", "WrongCodesAlarm": "10", "WebhookTries": "2"}
LAG = 62  # seconds that `notify` may not run
RINGS_AFTER = 60  # seconds of lag, StreamAgeAlarm
TRIES = 5  # wrong codes that a challenge takes
_PATIENCE = 60


def alarms(lag=LAG):
    """Deploys, plays, reads the dashboard, rings the alarms; fails when one does not ring. StreamAgeAlarm needs a long lag."""
    watch, began = cloudwatch.Watch(), datetime.now(UTC)
    with aws.running(free_port()) as emulator, deployed(free_port(), emulator, watch, **SMALL) as stack:
        bell = Bell(emulator, stack.outputs["AlarmTopicArn"])
        with watch.publishing(stack):
            stage = Stage(stack)
            with ThreadPoolExecutor(len(LOGINS)) as screens:
                list(screens.map(lambda login: login(stage), LOGINS.values()))
            stage.cancelled_kiosk()
            counted_after_logins(bell.metrics, began)
            bell.expect_silence()
            ring_all(stage, bell, lag)
        all_have_data(bell.metrics, began)


class Bell:
    """The alarms, and what their topic publishes."""

    def __init__(self, emulator, topic):
        self.metrics = emulator.client("cloudwatch")
        self._sqs, sns = emulator.client("sqs"), emulator.client("sns")
        self._queue = self._sqs.create_queue(QueueName="alarm-messages")["QueueUrl"]
        which = {"QueueUrl": self._queue, "AttributeNames": ["QueueArn"]}
        arn = self._sqs.get_queue_attributes(**which)["Attributes"]["QueueArn"]
        let_in = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        by_id = {name: logical for logical, name in aws.physical_ids(emulator).items()}
        self.alarms = {by_id[it["AlarmName"]]: it for it in cloudwatch.alarms(self.metrics)}
        self._rang = set()

    def expect_silence(self):
        """Fails when any alarm's metric is past its threshold before its condition was brought about."""
        if loud := [name for name, alarm in self.alarms.items() if cloudwatch.is_crossed(self.metrics, alarm)]:
            raise Failure(f"after nothing but logins, these alarms ring: {loud}")

    def expect(self, name):
        """Waits until an alarm rings: its metric is past its threshold, it is in ALARM, and the topic has published it."""
        alarm, deadline = self.alarms[name], time.monotonic() + _PATIENCE
        while not all(rings := (cloudwatch.is_crossed(self.metrics, alarm), self._in_alarm(alarm), self._published(alarm))):
            if time.monotonic() > deadline:
                told = ", ".join(f"{what}: {it}" for what, it in zip(("past its threshold", "in ALARM", "published"), rings))
                raise Failure(f"{name} does not ring ({told}): {alarm['MetricName']} {alarm['Dimensions']}")
            time.sleep(0.5)
        print(f"  {name} rings", flush=True)

    def _in_alarm(self, alarm):
        found = self.metrics.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
        return found[0]["StateValue"] == "ALARM"

    def _published(self, alarm):
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                told = json.loads(message["Body"])
                if told["NewStateValue"] == "ALARM":
                    self._rang.add(told["AlarmName"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return alarm["AlarmName"] in self._rang


def ring_all(stage, bell, lag):
    """Brings about every alarm's condition. An alarm of the template that is not among them is a failure."""
    rings = {
        "NotifyFailuresAlarm": notify_cannot_publish,
        "ServerErrorsAlarm": a_store_fails,
        "WrongCodesRateAlarm": codes_are_guessed,
        "SmsBudgetAlarm": the_budget_is_spent,
        "CallFailuresAlarm": a_clients_server_is_down,
    }
    if forgotten := set(bell.alarms) - {*rings, "ThrottlesAlarm", "StreamAgeAlarm"}:
        raise Failure(f"alarms.py brings about no condition for {sorted(forgotten)}")
    for name, bring_about in rings.items():
        with bring_about(stage):
            bell.expect(name)
    with stage.stopped("Notify"):
        stage.cancelled_kiosk()
        bell.expect("ThrottlesAlarm")
        time.sleep(lag)
    if lag > RINGS_AFTER:
        bell.expect("StreamAgeAlarm")


@contextmanager
def notify_cannot_publish(stage):
    """NotifyFailuresAlarm: records of the stream are given up, because the topic cannot be published on."""
    with stage.denied("Notify", "sns:Publish"):
        stage.cancelled_kiosk()
        yield


@contextmanager
def a_store_fails(stage):
    """ServerErrorsAlarm: a table refuses a function."""
    with stage.denied("Kiosk", "dynamodb:*"):
        for _ in range(5):
            stage.tried("kiosk-create").expect(500, 503)
        yield


@contextmanager
def codes_are_guessed(stage):
    """WrongCodesRateAlarm: two people's codes are guessed, each five times."""
    for number in ("+8613800138001", "+8613800138002"):
        challenge = new_challenge()
        stage.ask_for_code(number, challenge).expect(200)
        wrong = "000000" if stage.code(number) != "000000" else "000001"
        for _ in range(TRIES):
            stage.tried("accounts-login-code", body={"challenge": challenge, "code": wrong}).expect(401)
    yield


@contextmanager
def the_budget_is_spent(stage):
    """SmsBudgetAlarm: strangers ask for codes until one costs a puzzle; one of them solves it."""
    for number in (f"+86138001381{n:02}" for n in range(20)):
        challenge = new_challenge()
        answer = stage.ask_for_code(number, challenge).expect(200, 429)
        if answer.status == 429:
            puzzle = answer.json()["puzzle"]
            stage.ask_for_code(number, challenge, puzzle=solved(**puzzle)).expect(200)
            break
    else:
        raise Failure("twenty strangers got a code from a budget of ten")
    yield


@contextmanager
def a_clients_server_is_down(stage):
    """CallFailuresAlarm: nothing takes the calls to a client's server, and they are given up."""
    stage.call("remembered-ask", headers=stage.servers[DOWN], body={"region": DOWN})
    yield


def counted_after_logins(metrics, began):
    """The dashboard shows exactly the logins that were played."""
    steps = ("SessionsOpened", "SessionsScanned", "SessionsConfirmed", "SessionsRedeemed", "SmsSent")
    logins = len(LOGINS)
    wanted = dict(zip(steps, (logins + 1, logins + 1, logins, logins, 1), strict=True))
    wanted = {f"Saoma {name} Sum": count for name, count in wanted.items()} | {"Saoma SessionsCancelled declined": 1}
    deadline = time.monotonic() + _PATIENCE
    while True:
        figures = {label: value for _, label, value in cloudwatch.dashboard(metrics, aws.STACK, began)}
        if wanted.items() <= figures.items():
            break
        if time.monotonic() > deadline:
            raise Failure(f"the dashboard shows {figures} and not {wanted}")
        time.sleep(0.5)
    show("The dashboard after one login of each contract, and one that was declined", metrics, began)


def all_have_data(metrics, began):
    """Every row of the dashboard has data now. One that has none is named wrongly, or its metric is not counted."""
    show("The dashboard after every alarm", metrics, began)
    rows = list(cloudwatch.dashboard(metrics, aws.STACK, began))
    if empty := [label for _, label, value in rows if value is None and "ConcurrentExecutions" not in label]:
        raise Failure(f"the dashboard shows no data for {empty}")


def show(title, metrics, began):
    """Prints the dashboard's figures."""
    print(f"\n  {title}:")
    for widget, label, value in cloudwatch.dashboard(metrics, aws.STACK, began):
        print(f"    {widget:30} {label:56} {'-' if value is None else f'{value:g}'}")
    print(flush=True)


def main():
    """Reads the command line."""
    words = argparse.ArgumentParser(prog="alarms.py", description="Reads the dashboard back and rings every alarm.")
    words.add_argument("--lag", type=int, default=LAG, help="seconds that notify may not run")
    alarms(words.parse_args().lag)


if __name__ == "__main__":
    with tidy():
        main()
