"""Tests of what is read out of logs, of the dashboard's figures, and of when an alarm's threshold is crossed."""

import json
import unittest
from datetime import UTC, datetime

import cloudwatch
import template as sam
from processes import Failure

SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def line(**changes):
    """A count as shared/app/src/metrics.rs writes it."""
    directive = {
        "Namespace": "Saoma", "Dimensions": [["Stack"], ["Stack", "Reason"]],
        "Metrics": [{"Name": "SmsRefused", "Unit": "Count"}],
    }  # fmt: skip
    root = {"_aws": {"Timestamp": 1700000000000, "CloudWatchMetrics": [directive | changes.pop("directive", {})]}}
    return json.dumps(root | {"Stack": "saoma-local", "Reason": "network", "SmsRefused": 1.0} | changes)


class CloudWatch:
    """A CloudWatch that holds values under a metric's name and its exact dimensions."""

    def __init__(self, held=None, body=None):
        self._held, self._body = held or {}, body

    def get_metric_statistics(self, *, Namespace, MetricName, Dimensions, Statistics=(), ExtendedStatistics=(), **_):
        dimensions = frozenset((it["Name"], it["Value"]) for it in Dimensions)
        values = self._held.get((Namespace, MetricName, dimensions), [])
        if ExtendedStatistics:
            return {"Datapoints": [{"ExtendedStatistics": {ExtendedStatistics[0]: it}} for it in values]}
        return {"Datapoints": [{Statistics[0]: it} for it in values]}

    def list_metrics(self, *, Namespace, MetricName):
        found = [dimensions for space, name, dimensions in self._held if (space, name) == (Namespace, MetricName)]
        return {"Metrics": [{"Dimensions": [{"Name": n, "Value": v} for n, v in sorted(it)]} for it in found]}

    def get_dashboard(self, *, DashboardName):
        return {"DashboardBody": self._body}


def held(namespace, name, *values, **dimensions):
    """One entry of what CloudWatch holds."""
    return {(namespace, name, frozenset(dimensions.items())): list(values)}


class CountsTest(unittest.TestCase):
    """Lines of a log."""

    def test_a_count_is_there_once_for_each_set_of_dimensions(self):
        found = list(cloudwatch.counts_of(line()))
        self.assertEqual([space for space, _ in found], ["Saoma", "Saoma"])
        self.assertEqual([len(it["Dimensions"]) for _, it in found], [1, 2])
        self.assertEqual({(it["MetricName"], it["Value"], it["Timestamp"]) for _, it in found}, {("SmsRefused", 1.0, 1.7e9)})

    def test_other_lines_count_nothing(self):
        for other in ("START RequestId: 1", '{"level":"INFO","message":"a line"}', ""):
            self.assertEqual(list(cloudwatch.counts_of(other)), [])

    def test_a_line_that_cloudwatch_would_pass_over_is_a_failure(self):
        for bent in (
            line(SmsRefused="many"), line(SmsRefused=None), line(Reason=1), line(Reason=""), line()[:-1], "x" + line(),
            line(directive={"Dimensions": [["Stack", "Client"]]}), line(directive={"Metrics": [{"Name": "Other"}]}),
            line(directive={"Metrics": [{"Name": "SmsRefused", "Unit": "count"}]}), line(_aws={"CloudWatchMetrics": [{}]}),
        ):  # fmt: skip
            with self.assertRaises(Failure, msg=bent):
                list(cloudwatch.counts_of(bent))


class AlarmTest(unittest.TestCase):
    """When an alarm's metric is past its threshold."""

    ALARM = {
        "Namespace": "Saoma", "MetricName": "SmsBudgetReached", "Dimensions": [{"Name": "Reason", "Value": "service"}],
        "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 2.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }  # fmt: skip

    def test_one_period_past_the_threshold_is_enough_and_the_threshold_is_past_it(self):
        for values, crossed in (([], False), ([1.0], False), ([1.0, 1.0], False), ([2.0], True), ([0.0, 3.0], True)):
            metrics = CloudWatch(held("Saoma", "SmsBudgetReached", *values, Reason="service"))
            self.assertEqual(cloudwatch.is_crossed(metrics, self.ALARM), crossed, values)

    def test_other_dimensions_do_not_count(self):
        others = held("Saoma", "SmsBudgetReached", 9.0, Reason="network") | held("Saoma", "SmsBudgetReached", 9.0)
        self.assertFalse(cloudwatch.is_crossed(CloudWatch(others), self.ALARM))


class DashboardTest(unittest.TestCase):
    """The dashboard's figures."""

    def figures(self, *rows, **what_is_held):
        widget = {"properties": {"title": "T", "stat": "Sum", "period": 300, "metrics": list(rows)}}
        metrics = CloudWatch(what_is_held["held"], json.dumps({"widgets": [widget]}))
        return list(cloudwatch.dashboard(metrics, "saoma-local", SINCE))

    def test_a_row_shows_its_statistic_of_its_metric(self):
        of_them = held("Saoma", "Seconds", 2.0, 3.0, Stack="s")
        rows = (["Saoma", "Seconds", "Stack", "s"], ["Saoma", "Seconds", "Stack", "s", {"stat": "p50"}], ["Saoma", "Other"])
        self.assertEqual(
            self.figures(*rows, held=of_them),
            [("T", "Saoma Seconds Sum", 5.0), ("T", "Saoma Seconds p50", 3.0), ("T", "Saoma Other Sum", None)],
        )

    def test_a_search_finds_each_reason_of_this_stack(self):
        of_them = (
            held("Saoma", "Ended", 1.0, Stack="s", Reason="declined")
            | held("Saoma", "Ended", 2.0, Stack="s", Reason="fraud")
            | held("Saoma", "Ended", 4.0, Stack="other", Reason="fraud")
            | held("Saoma", "Ended", 8.0, Stack="s")
        )
        search = {"expression": """SEARCH('{Saoma,Reason,Stack} MetricName="Ended" Stack="s"', 'Sum')""", "id": "e"}
        found = [figure[1:] for figure in self.figures([search], held=of_them)]
        self.assertEqual(found, [("Saoma Ended declined", 1.0), ("Saoma Ended fraud", 2.0)])

    def test_an_expression_of_another_form_is_a_failure(self):
        with self.assertRaises(Failure):
            self.figures([{"expression": "SUM(METRICS())", "id": "e"}], held={})

    def test_every_row_of_the_template_can_be_read(self):
        body = json.loads(sam.load()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
        for widget in body["widgets"]:
            for row in widget["properties"]["metrics"]:
                list(cloudwatch.shown(CloudWatch(), row, widget["properties"]["stat"]))


if __name__ == "__main__":
    unittest.main()
