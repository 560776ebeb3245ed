"""Tests of the stream's pump: order, retries, a function's reports, halved batches, and the queue of failures."""

import json
import threading
import time
import unittest
from unittest import mock

import stream
import template as sam
from processes import ROOT


def record(number, key="session-1", *, age=0, event="MODIFY"):
    """A record of the stream, as Lambda hands it over."""
    return {
        "eventName": event,
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/Sessions/stream/1",
        "dynamodb": {
            "Keys": {"code": {"S": key}},
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": int(time.time()) - age,
        },
    }


def real_records():
    """The records of the golden event, which the functions' own tests read."""
    return json.loads((ROOT / "events" / "notify-stream.json").read_text(encoding="utf-8"))["Records"]


def numbers(records):
    """The records' sequence numbers."""
    return [int(it["dynamodb"]["SequenceNumber"]) for it in records]


class Function:
    """A function that records its batches, and answers as the test says."""

    def __init__(self, does=lambda batch: None):
        self.calls = []
        self._does = does

    def __call__(self, event):
        self.calls.append(numbers(event["Records"]))
        return self._does(numbers(event["Records"]))


def failing(batch):
    """Fails every batch."""
    raise stream.FunctionFailed


def reporting(*failed, times=10**6):
    """Reports these records, the first so many times."""
    left = [times]

    def report(batch):
        left[0] -= 1
        reported = [it for it in batch if it in failed] if left[0] >= 0 else []
        return {"batchItemFailures": [{"itemIdentifier": str(it)} for it in reported]}

    return report


def unreachable(times):
    """Reaches no function, the first so many times."""
    left = [times]

    def reach(batch):
        left[0] -= 1
        if left[0] >= 0:
            raise stream.Unreachable

    return reach


class PumpTest(unittest.TestCase):
    """A lane as the template sets it up, without the waiting."""

    def setUp(self):
        self.mapping = stream.Mapping(sam.stream(sam.load())[1])
        self.given_up = []
        self.over = threading.Event()
        self.enterContext(mock.patch.object(stream, "_FIRST_WAIT", 0))
        self.enterContext(mock.patch.object(stream, "_POLL", 0.01))

    def deliver(self, function, batch):
        """Delivers a batch until it is accepted or given up."""
        stream.Lane(self.mapping, function, self.given_up.append, self.over).deliver(batch)

    def end_of(self, message):
        """The records that a message to the queue names, and its reason."""
        where = message["DDBStreamBatchInfo"]
        return int(where["startSequenceNumber"]), int(where["endSequenceNumber"]), message["requestContext"]["condition"]


class Delivery(PumpTest):
    def test_what_is_taken_is_handed_over_once(self):
        for answer in (None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}):
            function = Function(lambda batch, answer=answer: answer)
            self.deliver(function, [record(1), record(2)])
            self.assertEqual(function.calls, [[1, 2]])
        self.assertEqual(self.given_up, [])

    def test_a_lane_keeps_the_order_and_the_size_of_batches(self):
        function = Function()
        lane = stream.Lane(self.mapping, function, self.given_up.append, self.over)
        for number in range(25):
            lane.records.put(record(number))
        thread = threading.Thread(target=lane.run)
        thread.start()
        while sum(map(len, function.calls)) < 25:
            time.sleep(0.01)
        self.over.set()
        thread.join(5)
        self.assertEqual([number for call in function.calls for number in call], list(range(25)))
        self.assertEqual(max(map(len, function.calls)), self.mapping.batch)

    def test_a_batch_is_as_late_as_its_last_record_when_the_function_gets_it(self):
        for does, told in ((lambda batch: None, 1), (reporting(2, times=1), 2), (failing, 1)):
            ages = []
            lane = stream.Lane(self.mapping, Function(does), self.given_up.append, self.over, ages.append)
            lane.deliver([record(1, age=40), record(2, age=30)])
            self.assertTrue(all(30_000 <= it < 33_000 for it in ages[:told]), ages)
            self.assertGreaterEqual(len(ages), told)

    def test_a_batch_that_reaches_no_function_is_not_late_yet(self):
        ages = []
        lane = stream.Lane(self.mapping, Function(unreachable(times=3)), self.given_up.append, self.over, ages.append)
        lane.deliver([record(1, age=5)])
        self.assertEqual(len(ages), 1)

    def test_nothing_is_handed_over_after_the_end(self):
        self.over.set()
        function = Function()
        self.deliver(function, [record(1)])
        self.assertEqual((function.calls, self.given_up), ([], []))


class Retries(PumpTest):
    def test_what_always_fails_is_tried_as_often_as_the_template_says(self):
        function = Function(failing)
        self.deliver(function, [record(7)])
        self.assertEqual(function.calls, [[7]] * (1 + self.mapping.retries))
        self.assertEqual([self.end_of(it) for it in self.given_up], [(7, 7, "RetryAttemptsExhausted")])
        self.assertEqual(self.given_up[0]["requestContext"]["approximateInvokeCount"], 1 + self.mapping.retries)

    def test_each_wait_is_twice_the_one_before(self):
        waits = []
        with mock.patch.object(stream, "_FIRST_WAIT", 1):
            self.over.wait = waits.append
            self.deliver(Function(failing), [record(1)])
        self.assertEqual(waits, [2**it for it in range(self.mapping.retries)])

    def test_what_is_too_old_is_tried_no_more(self):
        function = Function(failing)
        self.deliver(function, [record(1, age=self.mapping.longest_age + 1)])
        self.assertEqual(function.calls, [[1]])
        self.assertEqual([self.end_of(it) for it in self.given_up], [(1, 1, "RecordAgeExceeded")])

    def test_a_function_that_is_being_started_costs_no_try(self):
        states = iter([stream.Unreachable] * (3 * self.mapping.retries))

        def starting(batch):
            for state in states:
                raise state

        function = Function(starting)
        self.deliver(function, [record(1)])
        self.assertEqual(len(function.calls), 3 * self.mapping.retries + 1)
        self.assertEqual(self.given_up, [])


class ReportedItems(PumpTest):
    def test_all_from_the_first_reported_record_is_handed_over_again(self):
        function = Function(reporting(3, times=1))
        self.deliver(function, [record(it) for it in (1, 2, 3, 4)])
        self.assertEqual(function.calls, [[1, 2, 3, 4], [3, 4]])
        self.assertEqual(self.given_up, [])

    def test_the_first_counts_in_whatever_order_they_are_reported(self):
        backwards = lambda batch: {"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]}  # noqa: E731
        function = Function(lambda batch: backwards(batch) if len(batch) == 3 else None)
        self.deliver(function, [record(it) for it in (1, 2, 3)])
        self.assertEqual(function.calls, [[1, 2, 3], [2, 3]])

    def test_progress_begins_the_count_of_tries_anew(self):
        function = Function(reporting(1, 2, 3))
        self.deliver(function, [record(1), record(2), record(3)])
        self.assertEqual(function.calls, [[1, 2, 3]] * (1 + self.mapping.retries))
        one_by_one = Function(lambda batch: {"batchItemFailures": [{"itemIdentifier": str(it)} for it in batch[1:]]})
        self.given_up.clear()
        self.deliver(one_by_one, [record(it) for it in range(2 * self.mapping.retries)])
        self.assertEqual(self.given_up, [])

    def test_a_report_of_a_record_that_was_not_handed_over_fails_the_batch(self):
        function = Function(lambda batch: {"batchItemFailures": [{"itemIdentifier": "99"}]})
        self.deliver(function, [record(1)])
        self.assertEqual(len(function.calls), 1 + self.mapping.retries)
        self.assertEqual([self.end_of(it) for it in self.given_up], [(1, 1, "RetryAttemptsExhausted")])

    def test_an_answer_is_not_read_where_the_template_does_not_ask_for_it(self):
        self.mapping.reports_items = False
        function = Function(reporting(1))
        self.deliver(function, [record(1)])
        self.assertEqual(function.calls, [[1]])


class Halves(PumpTest):
    def poisoned(self, batch):
        """Fails on the record 3."""
        if 3 in batch:
            raise stream.FunctionFailed

    def test_one_bad_record_holds_up_no_other(self):
        function = Function(self.poisoned)
        self.deliver(function, [record(it) for it in (1, 2, 3, 4)])
        self.assertEqual(function.calls[:5], [[1, 2, 3, 4], [1, 2], [3, 4], [3], [3]])
        self.assertEqual(function.calls[-1], [4])
        self.assertEqual([self.end_of(it) for it in self.given_up], [(3, 3, "RetryAttemptsExhausted")])

    def test_without_halves_the_whole_batch_is_given_up(self):
        self.mapping.bisects = False
        function = Function(self.poisoned)
        self.deliver(function, [record(it) for it in (1, 2, 3, 4)])
        self.assertEqual(function.calls, [[1, 2, 3, 4]] * (1 + self.mapping.retries))
        self.assertEqual([self.end_of(it) for it in self.given_up], [(1, 4, "RetryAttemptsExhausted")])


class Filters(PumpTest):
    def test_only_what_the_template_wants_is_handed_over(self):
        def opened(dialect, state="pending"):
            (new,) = [it for it in real_records() if it["eventName"] == "INSERT"]
            new["dynamodb"]["NewImage"]["flow"]["S"] = dialect
            new["dynamodb"]["NewImage"]["state"]["S"] = state
            return new

        wanted = [record(1), opened("remembered"), opened("oauth", "scanned")]
        unwanted = [opened("kiosk"), opened("oauth"), record(1, event="REMOVE"), record(1, event="INSERT")]
        self.assertEqual([self.mapping.wants(it) for it in wanted + unwanted], [True] * 3 + [False] * 4)

    def test_a_filter_that_this_does_not_know_is_refused(self):
        with self.assertRaises(stream.Failure):
            stream._matches({"eventName": "MODIFY"}, {"eventName": [{"prefix": "MOD"}]})


class Lanes(PumpTest):
    def test_the_records_of_one_session_stay_in_one_lane_in_order(self):
        batch = [record(it, key=f"session-{it % 7}") for it in range(70)]
        lanes = [stream.Lane(self.mapping, Function(), self.given_up.append, self.over) for _ in range(4)]
        with mock.patch.object(stream, "read", lambda *_: [batch[:30], [], batch[30:]]):
            stream._follow(None, None, self.mapping, lanes, self.over)
        held = [[lane.records.get() for _ in range(lane.records.qsize())] for lane in lanes]
        self.assertEqual(sorted(number for lane in held for number in numbers(lane)), list(range(70)))
        self.assertGreater(sum(1 for lane in held if lane), 1)
        for session in range(7):
            (lane,) = [lane for lane in held if any(number % 7 == session for number in numbers(lane))]
            mine = [number for number in numbers(lane) if number % 7 == session]
            self.assertEqual(mine, sorted(mine))


if __name__ == "__main__":
    unittest.main()
