"""Passes the queue of calls to its function as Lambda does on AWS: in batches, a few at once, deleting what was taken.

`cargo lambda watch` polls no queue, so both ways of serving use this. What it goes by is the template's
AWS::Lambda::EventSourceMapping.
"""

import threading
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from stream import FunctionFailed, Unreachable

_POLLERS = 5  # ask the queue at the same time, as Lambda's do to begin with
_LONG_POLL = 1  # seconds that a look at the queue waits for a message; the end of the stack waits as long
_NOT_STARTED = 1  # seconds until a message comes again that reached no function


@contextmanager
def pumped(emulator, queue, mapping, invoke):
    """Passes the messages of a queue to `invoke` until the stack ends, so many batches at once as the mapping says.

    There are more pollers than that, so a function that hangs over one batch leaves the queue as well watched as before.
    """
    over = threading.Event()
    invoke = no_more_at_once(mapping.parallel, invoke)
    pollers = [Poller(emulator.client("sqs"), queue, mapping, invoke) for _ in range(max(_POLLERS, mapping.parallel))]
    for poller in pollers:
        threading.Thread(target=poller.run, args=[over], daemon=True).start()
    try:
        yield
    finally:
        over.set()


def no_more_at_once(most, invoke):
    """The same call, which waits while so many are under way."""
    slots = threading.Semaphore(most)

    def call(event):
        with slots:
            return invoke(event)

    return call


class Mapping:
    """The settings of an AWS::Lambda::EventSourceMapping of a queue."""

    def __init__(self, properties):
        self.source = properties["EventSourceArn"]
        self.batch = properties["BatchSize"]
        self.parallel = int(properties["ScalingConfig"]["MaximumConcurrency"])
        self.reports_items = "ReportBatchItemFailures" in properties["FunctionResponseTypes"]


class Poller:
    """Asks the queue, and hands what comes over."""

    def __init__(self, sqs, queue, mapping, invoke):
        self._sqs, self._queue, self._mapping, self._invoke = sqs, queue, mapping, invoke

    def run(self, over):
        """Hands batches over as long as the stack runs."""
        while not over.is_set():
            try:
                self.hand_over(self.receive())
            except (BotoCoreError, ClientError):
                over.wait(_LONG_POLL)  # the emulator is ending, or busy

    def receive(self):
        """The next messages, which may be none."""
        got = self._sqs.receive_message(
            QueueUrl=self._queue,
            MaxNumberOfMessages=self._mapping.batch,
            WaitTimeSeconds=_LONG_POLL,
            MessageSystemAttributeNames=["All"],
        )
        return got.get("Messages", [])

    def hand_over(self, messages):
        """Calls the function with a batch, and deletes the messages that it does not report."""
        if not messages:
            return
        try:
            answer = self._invoke({"Records": [as_lambda_hands_over(it, self._mapping.source) for it in messages]})
            kept = self._reported(answer, messages)
        except FunctionFailed:
            return  # the whole batch comes again when the queue shows it again
        except Unreachable:
            return self._bring_again(messages)
        for message in messages:
            if message["MessageId"] not in kept:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _reported(self, answer, messages):
        if not self._mapping.reports_items or not answer:
            return set()
        kept = {it.get("itemIdentifier") for it in answer.get("batchItemFailures") or []}
        if not kept <= {it["MessageId"] for it in messages}:
            raise FunctionFailed(answer)
        return kept

    def _bring_again(self, messages):
        for message in messages:
            handle = message["ReceiptHandle"]
            self._sqs.change_message_visibility(QueueUrl=self._queue, ReceiptHandle=handle, VisibilityTimeout=_NOT_STARTED)


def as_lambda_hands_over(message, source):
    """A message as the SDK reads it, spelt as in an event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source,
        "awsRegion": "us-east-1",
    }
