"""Passes a table's stream to its function as Lambda does on AWS: filtered, in batches, with retries for a while.

`cargo lambda watch` reads no streams. The emulator does, but there every answer counts as success and an error is tried
without an end, so both ways of serving use this. What it goes by is the template's AWS::Lambda::EventSourceMapping.
"""

import http.client
import json
import threading
import time
import uuid
from base64 import b64encode
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from zlib import crc32

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from processes import Failure

SHARDS = 4  # of a new on-demand table on AWS; the emulator's has one, whose records we spread as widely
_POLL = 0.15  # seconds between two looks at the stream
_FIRST_WAIT = 0.25  # seconds before a failed batch is tried again; then twice as long each time
_PATIENCE = 75  # seconds a call may take: longer than any function's timeout


class FunctionFailed(Exception):
    """The function answered with an error, or with a malformed answer."""


class Unreachable(Exception):
    """The call reached no function, because it is being built or started again."""


@contextmanager
def pumped(emulator, table, mapping, failures, invoke, late=lambda milliseconds: None):
    """Passes the table's stream to `invoke` until the stack ends. Undelivered records go to the queue `failures`.

    `late` is told how old the last record of each batch was when the function got it, as Lambda's IteratorAge tells.
    """
    over = threading.Event()
    stream = emulator.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    sqs = emulator.client("sqs")
    lanes = [Lane(mapping, invoke, lambda it: _send(sqs, failures, it), over, late) for _ in range(mapping.parallel)]
    threads = [lane.run for lane in lanes] + [lambda: _follow(emulator, stream, mapping, lanes, over)]
    for work in threads:
        threading.Thread(target=work, daemon=True).start()
    try:
        yield
    finally:
        over.set()


class Mapping:
    """The settings of an AWS::Lambda::EventSourceMapping."""

    def __init__(self, properties):
        self.filters = [json.loads(it["Pattern"]) for it in properties["FilterCriteria"]["Filters"]]
        self.batch = properties["BatchSize"]
        self.parallel = SHARDS * properties["ParallelizationFactor"]
        self.retries = properties["MaximumRetryAttempts"]
        self.longest_age = properties["MaximumRecordAgeInSeconds"]
        self.bisects = properties["BisectBatchOnFunctionError"]
        self.reports_items = "ReportBatchItemFailures" in properties["FunctionResponseTypes"]

    def wants(self, record):
        """Whether any filter lets a record through."""
        return any(_matches(record, pattern) for pattern in self.filters)


def _matches(node, pattern):
    """Lambda's filter rules, as far as the template uses them: nested names, and lists of values."""
    for name, wanted in pattern.items():
        found = node.get(name) if isinstance(node, dict) else None
        if isinstance(wanted, dict):
            if not _matches(found, wanted):
                return False
        elif any(isinstance(it, (dict, list)) for it in wanted):
            raise Failure(f"stream.py does not know the filter {wanted}")
        elif found not in wanted:
            return False
    return True


class Lane:
    """One of the batches that are under way at once. The records of one item are always in the same lane, in order."""

    def __init__(self, mapping, invoke, give_up, over, late=lambda milliseconds: None):
        self._mapping, self._invoke, self._give_up, self._over, self._late = mapping, invoke, give_up, over, late
        self.records = SimpleQueue()

    def run(self):
        """Delivers batches as long as the stack runs."""
        while not self._over.is_set():
            try:
                batch = [self.records.get(timeout=_POLL)]
            except Empty:
                continue
            while len(batch) < self._mapping.batch and not self.records.empty():
                batch.append(self.records.get())
            self.deliver(batch)

    def deliver(self, batch):
        """Delivers a batch, and retries the rest until all is accepted or the retries are used up."""
        tries, wait = 0, _FIRST_WAIT
        while batch and not self._over.is_set():
            left = batch
            try:
                tries += 1
                left = self._left_of(batch)
            except FunctionFailed:
                if self._mapping.bisects and len(batch) > 1:
                    self.deliver(batch[: len(batch) // 2])
                    self.deliver(batch[len(batch) // 2 :])
                    return
            except Unreachable:
                tries -= 1
            if not left:
                return
            if len(left) < len(batch):
                batch, tries, wait = left, 1, _FIRST_WAIT
            if tries > self._mapping.retries:
                return self._give_up(failure(batch, "RetryAttemptsExhausted", tries))
            if time.time() - batch[0]["dynamodb"]["ApproximateCreationDateTime"] > self._mapping.longest_age:
                return self._give_up(failure(batch, "RecordAgeExceeded", tries))
            self._over.wait(wait)
            wait *= 2

    def _left_of(self, batch):
        """Calls the function. Returns the records that it did not accept: all from the first one that it reports."""
        answer = self._sent(batch)
        if not self._mapping.reports_items or not answer:
            return []
        failed = [it.get("itemIdentifier") for it in answer.get("batchItemFailures") or []]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        if not set(failed) <= set(numbers):
            raise FunctionFailed(answer)
        return batch[min((numbers.index(it) for it in failed), default=len(batch)) :]

    def _sent(self, batch):
        """Calls the function, and tells how late the batch is, unless it reached no function."""
        age = time.time() - batch[-1]["dynamodb"]["ApproximateCreationDateTime"]
        try:
            answer = self._invoke({"Records": batch})
        except FunctionFailed:
            self._late(age * 1000)
            raise
        self._late(age * 1000)
        return answer


def failure(batch, condition, tries):
    """The message to the queue. It holds the records' place in the stream, not the records."""
    first, last = batch[0]["dynamodb"], batch[-1]["dynamodb"]
    return {
        "version": "1.0",
        "timestamp": _iso(time.time()),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "DDBStreamBatchInfo": {
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
            "batchSize": len(batch),
            "streamArn": batch[0]["eventSourceARN"],
        },
    }


def _iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _send(sqs, queue, message):
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message))


def _follow(emulator, stream, mapping, lanes, over):
    """Reads the stream from its beginning, and gives each lane its records."""
    for batch in read(emulator, stream, over):
        for record in filter(mapping.wants, batch):
            key = json.dumps(record["dynamodb"]["Keys"], sort_keys=True)
            lanes[crc32(key.encode()) % len(lanes)].records.put(record)


def read(emulator, stream, over):
    """The stream's records as they come, as Lambda hands them over; a list at each look, which may be empty."""
    client = emulator.client("dynamodbstreams")
    where = {}
    while not over.is_set():
        try:
            for shard in client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"] if not where else []:
                begin = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
                where[shard["ShardId"]] = client.get_shard_iterator(StreamArn=stream, **begin)["ShardIterator"]
            for shard, iterator in where.items():
                got = client.get_records(ShardIterator=iterator)
                where[shard] = got["NextShardIterator"]
                yield [as_lambda_hands_over(record, stream) for record in got["Records"]]
        except (BotoCoreError, ClientError):
            pass  # the emulator is ending, or busy
        over.wait(_POLL)


def as_lambda_hands_over(record, stream):
    """A record as the SDK reads it, spelt as in an event."""
    change = {**record["dynamodb"]}
    change["ApproximateCreationDateTime"] = int(change["ApproximateCreationDateTime"].timestamp())
    record = {**record, "dynamodb": change, "eventSourceARN": stream}
    return json.loads(json.dumps(record, default=lambda it: b64encode(it).decode()))


def through_watch(port, binary):
    """Calls a function of `cargo lambda watch`."""

    def invoke(event):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        try:
            connection.request("POST", f"/2015-03-31/functions/{binary}/invocations", json.dumps(event))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable from error
        finally:
            connection.close()
        if answer.status != 200 or answer.getheader("X-Amz-Function-Error"):
            raise FunctionFailed(content)
        return json.loads(content or b"null")

    return invoke


def through_emulator(emulator, name):
    """Calls a function that is deployed into the emulator."""
    client = emulator.client("lambda", Config(read_timeout=_PATIENCE, retries={"max_attempts": 0}))

    def invoke(event):
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
            content = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise Unreachable from error
        if answer.get("FunctionError"):
            raise FunctionFailed(content)
        return json.loads(content or b"null")

    return invoke
