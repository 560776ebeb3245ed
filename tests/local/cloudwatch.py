"""Publishes for a stack in the emulator what AWS publishes by itself, and reads the dashboard and the alarms back.

The emulator keeps metrics, rings alarms and tells their topic. It does not read counts out of logs (CloudWatch's embedded
metric format), and of AWS's services only its Lambda counts. `Watch` fills that gap:

* The functions' own counts come from the lines of their log groups, as written.
* `5xx` and its siblings are counted by the local gateway, `IteratorAge` by the local pump of the stream, and the depth of
  the queues is asked of the queues. The names and dimensions are those of AWS's documents; check_template.py holds them.

The emulator rings an alarm without looking at its dimensions, so `is_crossed` reads the alarm's own metric once more,
with its dimensions, and compares it with the threshold.
"""

import json
import operator
import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from botocore.exceptions import BotoCoreError, ClientError

import emulator as aws
from processes import Failure

_TICK = 1  # seconds between two looks at the logs and the queues
_LATE = 30_000  # milliseconds that a line may come after the moment it names
_AT_ONCE = 500  # data in one call; CloudWatch takes 1000
_UNITS = {"Count", "Seconds", "Milliseconds"}
_OPERATORS = {"GreaterThanOrEqualToThreshold": operator.ge, "GreaterThanThreshold": operator.gt}
_SEARCH = re.compile(r"""SEARCH\('\{(?P<space>\w+),(?P<names>[\w,]+)\} MetricName="(?P<metric>\w+)" Stack="(?P<stack>[^"]+)"', 'Sum'\)""")


class Watch:
    """Takes what is counted, and publishes it."""

    def __init__(self):
        self._counted = SimpleQueue()

    def __call__(self, namespace, name, value, unit="Count", **dimensions):
        """Takes one observation of a service of AWS."""
        self._counted.put((namespace, datum(name, value, unit, dimensions, time.time())))

    @contextmanager
    def publishing(self, stack):
        """Publishes every second until the block ends. A line of the log that CloudWatch would not read is a failure."""
        over, failed = threading.Event(), []
        publisher = threading.Thread(target=self._publish, args=(stack.emulator, over, failed), daemon=True)
        publisher.start()
        try:
            yield
        finally:
            over.set()
            publisher.join(10)
        if failed:
            raise failed[0]

    def _publish(self, emulator, over, failed):
        logs, queues, metrics = Logs(emulator), Queues(emulator), emulator.client("cloudwatch")
        last = False
        while not last:
            last = over.wait(_TICK)
            try:
                put(metrics, [*self._taken(), *logs.counts(), *queues.depths()])
            except (BotoCoreError, ClientError):
                pass  # the emulator is busy; the next look sees what this one missed
            except Failure as failure:
                failed.append(failure)
                return

    def _taken(self):
        while True:
            try:
                yield self._counted.get_nowait()
            except Empty:
                return


def put(metrics, data):
    """Hands data to CloudWatch, one namespace after the other."""
    for namespace in dict.fromkeys(namespace for namespace, _ in data):
        of_it = [it for name, it in data if name == namespace]
        for first in range(0, len(of_it), _AT_ONCE):
            metrics.put_metric_data(Namespace=namespace, MetricData=of_it[first : first + _AT_ONCE])


def datum(name, value, unit, dimensions, at):
    """One value, as PutMetricData takes it."""
    dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit, "Timestamp": at}


class Logs:
    """The log groups of the stack's functions."""

    def __init__(self, emulator):
        self._logs = emulator.client("logs")
        self._seen, self._from = set(), 0

    def counts(self):
        """The counts in the lines that are new. In the emulator a call's lines come all at once, as a stream of their own."""
        begin, now = self._from, int(time.time() * 1000)
        groups = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{aws.STACK}/")
        new = set()
        for name in [group["logGroupName"] for page in groups for group in page["logGroups"]]:
            for event in self._logs.filter_log_events(logGroupName=name, startTime=begin)["events"]:
                if event["logStreamName"] not in self._seen:
                    new.add(event["logStreamName"])
                    yield from counts_of(event["message"])
        self._seen |= new
        self._from = now - _LATE


def counts_of(line):
    """The values that CloudWatch extracts from a line of a log: each metric once for each set of dimensions.

    User guide of CloudWatch, "Specification: Embedded metric format". CloudWatch passes over a line that breaks the
    rules without a word, so here it is a failure.
    """
    if '"_aws"' not in line:
        return
    try:
        root = json.loads(line)
        meta = root["_aws"]
        at = meta["Timestamp"] / 1000
        for directive in meta["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: root[name] for name in names}
                if len(names) > 30 or not all(isinstance(it, str) and it for it in dimensions.values()):
                    raise ValueError("a dimension")
                for metric in directive["Metrics"]:
                    unit = metric.get("Unit", "None")
                    if unit not in _UNITS:
                        raise ValueError(f"the unit {unit}")
                    yield directive["Namespace"], datum(metric["Name"], float(root[metric["Name"]]), unit, dimensions, at)
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"CloudWatch would not read this line: {line} ({error!r})") from error


class Queues:
    """The queues of the stack."""

    def __init__(self, emulator):
        self._sqs = emulator.client("sqs")
        self._urls = [url for name, url in aws.outputs(emulator).items() if name in ("NotifyFailures", "CallsQueue", "CallFailures")]

    def depths(self):
        """How many messages wait in each."""
        for url in self._urls:
            shown = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            depth = int(shown["Attributes"]["ApproximateNumberOfMessages"])
            name = url.rpartition("/")[2]
            yield "AWS/SQS", datum("ApproximateNumberOfMessagesVisible", depth, "Count", {"QueueName": name}, time.time())


def alarms(metrics):
    """The alarms as they were deployed."""
    return metrics.describe_alarms()["MetricAlarms"]


def is_crossed(metrics, alarm):
    """Whether the alarm's metric, with exactly its dimensions, is past the threshold in a period that has just passed."""
    values = statistic(
        metrics, alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"], alarm["Statistic"], alarm["Period"],
        since=datetime.now(UTC) - timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"]),
    )  # fmt: skip
    beyond = _OPERATORS[alarm["ComparisonOperator"]]
    return any(beyond(value, alarm["Threshold"]) for value in values)


def statistic(metrics, namespace, name, dimensions, stat, period, since):
    """A metric's values since a moment, one for each period in which there is any."""
    which = {"ExtendedStatistics": [stat]} if re.fullmatch(r"p[0-9.]+", stat) else {"Statistics": [stat]}
    found = metrics.get_metric_statistics(
        Namespace=namespace, MetricName=name, Dimensions=dimensions, Period=period,
        StartTime=since, EndTime=datetime.now(UTC) + timedelta(seconds=1), **which,
    )  # fmt: skip
    return [it["ExtendedStatistics"][stat] if "ExtendedStatistics" in which else it[stat] for it in found["Datapoints"]]


def dashboard(metrics, name, since):
    """The dashboard's figures since a moment: (widget's title, what is shown, value), with None where there is no data."""
    body = json.loads(metrics.get_dashboard(DashboardName=name)["DashboardBody"])
    for widget in body["widgets"]:
        properties = widget["properties"]
        for row in properties["metrics"]:
            for namespace, metric, dimensions, stat, label in shown(metrics, row, properties["stat"]):
                values = statistic(metrics, namespace, metric, dimensions, stat, properties["period"], since)
                yield properties["title"], label, together(values, stat)


def shown(metrics, row, stat):
    """What one row of a widget's metrics shows; an expression may show several."""
    *words, options = row if isinstance(row[-1], dict) else [*row, {}]
    if "expression" in options:
        yield from searched(metrics, options["expression"])
        return
    namespace, name, *pairs = words
    dimensions = [{"Name": key, "Value": value} for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    stat = options.get("stat", stat)
    queue = [f" {value}" for key, value in zip(pairs[::2], pairs[1::2], strict=True) if key == "QueueName"]
    yield namespace, name, dimensions, stat, f"{namespace} {name} {stat}{''.join(queue)}"


def searched(metrics, expression):
    """What a SEARCH of the only form that the dashboard uses finds. It finds exactly its set of dimensions."""
    found = _SEARCH.fullmatch(expression)
    if not found:
        raise Failure(f"cloudwatch.py cannot read the expression {expression}")
    names, stack = set(found["names"].split(",")), {"Name": "Stack", "Value": found["stack"]}
    for it in metrics.list_metrics(Namespace=found["space"], MetricName=found["metric"])["Metrics"]:
        if {dimension["Name"] for dimension in it["Dimensions"]} == names and stack in it["Dimensions"]:
            (reason,) = (dimension["Value"] for dimension in it["Dimensions"] if dimension["Name"] == "Reason")
            yield found["space"], found["metric"], it["Dimensions"], "Sum", f"{found['space']} {found['metric']} {reason}"


def together(values, stat):
    """One figure for several periods."""
    if not values:
        return None
    return sum(values) if stat == "Sum" else max(values)
