"""Tests of the queue's pump: what is deleted, what comes again, and how many batches run at once."""

import json
import threading
import time
import unittest
from unittest import mock

import calls
import template as sam
from processes import ROOT
from stream import FunctionFailed, Unreachable


class Queue:
    """An SQS client with one queue, of which a message is hidden until it is deleted or shown again."""

    def __init__(self, *ids):
        self.waiting = [message(it) for it in ids]
        self.deleted, self.shown_again = [], []
        self._lock = threading.Lock()

    def receive_message(self, *, MaxNumberOfMessages, **_):
        with self._lock:
            taken, self.waiting = self.waiting[:MaxNumberOfMessages], self.waiting[MaxNumberOfMessages:]
        if not taken:
            time.sleep(0.01)
        return {"Messages": taken} if taken else {}

    def delete_message(self, *, ReceiptHandle, **_):
        self.deleted.append(ReceiptHandle)

    def change_message_visibility(self, *, ReceiptHandle, VisibilityTimeout, **_):
        self.shown_again.append((ReceiptHandle, VisibilityTimeout))


def message(name):
    """A message as the SDK reads it."""
    return {
        "MessageId": name,
        "ReceiptHandle": f"receipt of {name}",
        "Body": "{}",
        "MD5OfBody": "0" * 32,
        "Attributes": {"ApproximateReceiveCount": "1"},
    }


def reporting(*failed):
    """A function that reports these messages."""
    return lambda event: {"batchItemFailures": [{"itemIdentifier": it} for it in failed]}


def failing(error):
    """A function that fails over every batch."""

    def fail(event):
        raise error

    return fail


class PumpTest(unittest.TestCase):
    """A poller as the template sets it up."""

    def setUp(self):
        properties = {**sam.queue(sam.load())[1], "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:Calls"}
        self.mapping = calls.Mapping(properties)

    def hand_over(self, queue, function):
        """Hands one batch over."""
        poller = calls.Poller(queue, "the queue", self.mapping, function)
        poller.hand_over(poller.receive())

    def test_what_is_taken_is_deleted(self):
        for answer in (None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}):
            queue = Queue("1", "2")
            self.hand_over(queue, lambda event, answer=answer: answer)
            self.assertEqual(queue.deleted, ["receipt of 1", "receipt of 2"])

    def test_what_is_reported_stays(self):
        queue = Queue("1", "2", "3")
        self.hand_over(queue, reporting("2"))
        self.assertEqual((queue.deleted, queue.shown_again), (["receipt of 1", "receipt of 3"], []))

    def test_a_batch_over_which_the_function_fails_stays(self):
        for function in (failing(FunctionFailed()), reporting("a message of another batch")):
            queue = Queue("1", "2")
            self.hand_over(queue, function)
            self.assertEqual((queue.deleted, queue.shown_again), ([], []))

    def test_a_batch_that_reached_no_function_comes_again_soon(self):
        queue = Queue("1")
        self.hand_over(queue, failing(Unreachable()))
        self.assertEqual((queue.deleted, queue.shown_again), ([], [("receipt of 1", 1)]))

    def test_an_answer_is_not_read_where_the_template_does_not_ask_for_it(self):
        self.mapping.reports_items = False
        queue = Queue("1")
        self.hand_over(queue, reporting("1"))
        self.assertEqual(queue.deleted, ["receipt of 1"])

    def test_a_message_is_spelt_as_in_the_golden_event(self):
        golden = json.loads((ROOT / "events" / "deliver-queue.json").read_text())["Records"][0]
        ours = calls.as_lambda_hands_over(message("1"), self.mapping.source)
        self.assertEqual(set(ours), set(golden))
        self.assertLessEqual(set(ours["attributes"]), set(golden["attributes"]))

    def test_as_many_batches_run_at_once_as_the_template_says(self):
        together = threading.Barrier(self.mapping.parallel)
        queue = Queue(*map(str, range(self.mapping.batch * self.mapping.parallel)))
        emulator = mock.Mock(client=lambda _: queue)
        sizes = []

        def meet(event):
            sizes.append(len(event["Records"]))
            together.wait(10)  # all are in the function now, or this fails

        with calls.pumped(emulator, "the queue", self.mapping, meet):
            for _ in range(500):
                if len(queue.deleted) == sum(sizes) == self.mapping.batch * self.mapping.parallel:
                    break
                time.sleep(0.01)
        self.assertEqual(sizes, [self.mapping.batch] * self.mapping.parallel)
        self.assertEqual(len(queue.deleted), self.mapping.batch * self.mapping.parallel)


    def test_no_more_batches_run_at_once_and_the_queue_is_watched_by_more_pollers(self):
        queue = Queue(*map(str, range(self.mapping.batch * 4)))
        held, running, most, handed = threading.Event(), [], [], threading.Semaphore(0)

        def hang(event):
            running.append(event)
            most.append(len(running))
            handed.release()
            held.wait(10)
            running.remove(event)

        with calls.pumped(mock.Mock(client=lambda _: queue), "the queue", self.mapping, hang):
            for _ in range(self.mapping.parallel):
                self.assertTrue(handed.acquire(timeout=10))
            for _ in range(500):  # the other pollers have taken the rest, and wait
                if not queue.waiting:
                    break
                time.sleep(0.01)
            self.assertEqual((queue.waiting, len(running)), ([], self.mapping.parallel))
            held.set()
            for _ in range(500):
                if len(queue.deleted) == self.mapping.batch * 4:
                    break
                time.sleep(0.01)
        self.assertEqual(len(queue.deleted), self.mapping.batch * 4)
        self.assertEqual(max(most), self.mapping.parallel)


if __name__ == "__main__":
    unittest.main()
