"""make fuzz: mutated events to each function's release binary, over the emulator. One odd request must not end an instance.

Each function is one process from its first event to its last. It answers every event in time, with what API Gateway
takes and without a 5xx, and its memory stays bounded. A failure names the event, which --only makes again.
"""

import argparse
import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import bench_functions
import emulator as aws
import template as sam
from lambdas import environment, instance
from mutations import goldens, mutated
from processes import ROOT, SCRATCH, Failure, free_port, run, tidy
from runtime_api import running

SEED = 8
SECONDS = 20  # an answer comes in milliseconds; this machine may be busy
MEGABYTES = 128  # half of what a function gets
LOOK = 500  # how many events lie between two looks at the memory
PHONE = "PLACEHOLDER_PHONE_TOKEN"  # stands for a phone's token in the golden events


def fuzz(events, *, profile="release", seed=SEED, functions=None, only=None):
    """Feeds each function so many events; two functions at a time."""
    template = sam.load()
    binaries = [it.binary for it in sam.functions(template) if not functions or it.binary in functions]
    if not binaries:
        raise Failure(f"there is no function {', '.join(functions)}")
    numbers = range(events) if only is None else [only]
    with aws.running(free_port()) as emulator:
        env = environment(emulator, template, aws.create_data(emulator, template)) | {"RUST_LOG": "error"}
        tokens = phone_tokens(emulator, binary_of("accounts", profile), env, len(binaries))
        with ThreadPoolExecutor(2) as two:
            fed = zip(binaries, tokens, strict=True)
            runs = [two.submit(feed, binary_of(it, profile), env, token, seed, numbers) for it, token in fed]
        failures = [str(failure) for it in runs if (failure := it.exception())]
    if failures:
        raise Failure("\n\n".join(failures))


def binary_of(function, profile):
    """Where cargo puts a function."""
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / profile / function).resolve()


def phone_tokens(emulator, accounts, env, count):
    """Access tokens of phones that are signed in, so that events reach the code behind that check: one for each function,
    because the events of `accounts` sign their phone out."""
    with instance(accounts, env) as prepared:
        numbers = [f"+861380013{8000 + phone}" for phone in range(count)]
        return [bench_functions.sign_in(prepared, emulator, number)["token"] for number in numbers]


def feed(binary, env, token, seed, numbers):
    """Feeds one function; prints what it took."""
    function = binary.name
    texts = [text.replace(PHONE, token) for text in goldens(function)]
    slowest, statuses, began = (0.0, 0), {}, time.monotonic()
    with running(binary, env, SCRATCH / f"fuzz-{function}.log") as process:
        for number in numbers:
            event = mutated(texts, f"{seed}/{function}/{number}")
            sent = time.monotonic()
            try:
                is_error, answer = process.call(event, SECONDS)
                status = judge_error(answer) if is_error else judge(function, json.loads(answer))
                memory = process.alive() if number % LOOK == 0 else 0
                if memory > MEGABYTES:
                    raise Failure(f"it has taken {memory:.0f} MB")
            except (Failure, ValueError) as failure:
                raise Failure(told(function, seed, number, event, failure)) from failure
            slowest = max(slowest, (time.monotonic() - sent, number))
            statuses[status] = statuses.get(status, 0) + 1
        memory = process.alive()
        expect_no_panic(function, seed)
    took = time.monotonic() - began
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items(), key=str))
    print(
        f"  {function}: {len(numbers)} events in {took:.0f} s, {memory:.0f} MB, the slowest is number {slowest[1]} with"
        f" {slowest[0] * 1e3:.0f} ms ({counted})",
        flush=True,
    )


def expect_no_panic(function, seed):
    """Fails when the log tells of a panic, which an answer may hide."""
    log = SCRATCH / f"fuzz-{function}.log"
    panics = [line for line in log.read_text(errors="replace").splitlines() if '"message":"panicked"' in line]
    if panics:
        raise Failure(f"{function} panicked over {len(panics)} events of seed {seed} (log: {log}): {panics[0]}")


def judge(function, answer):
    """Fails unless this is an answer in the form that Lambda or API Gateway takes; its status."""
    if function in ("notify", "deliver"):
        return judge_batch(answer)
    if function == "admin":
        return judge_command(answer)
    expect(isinstance(answer, dict), answer)
    status, headers = answer.get("statusCode"), answer.get("headers")
    expect(type(status) is int and 100 <= status < 500, answer)
    expect(isinstance(headers, dict) and all(is_header(*pair) for pair in headers.items()), answer)
    expect(all(is_header("set-cookie", cookie) for cookie in answer.get("cookies", [])), answer)
    body, is_base64 = answer.get("body", ""), answer.get("isBase64Encoded", False)
    expect(isinstance(body, str) and isinstance(is_base64, bool), answer)
    if is_base64:
        base64.b64decode(body, validate=True)
    if body and "json" in headers.get("content-type", ""):
        json.loads(body)
    return status


def judge_batch(answer):
    """The same for a batch; how it went."""
    expect(isinstance(answer, dict) and list(answer) == ["batchItemFailures"], answer)
    failures = answer["batchItemFailures"]
    expect(all(list(it) == ["itemIdentifier"] and it["itemIdentifier"] for it in failures), answer)
    return "failed records" if failures else "done"


def judge_command(answer):
    """The same for an operator's command; how it went."""
    expect(isinstance(answer, dict) and (answer.get("ok") is True or isinstance(answer.get("code"), str)), answer)
    expect(answer.get("code") not in ("unavailable", "panicked"), answer)
    return "done" if answer["ok"] else answer["code"]


def judge_error(answer):
    """Fails unless this is an allowed error: the one for an event that names no records, or no messages."""
    error = json.loads(answer)
    expect(error.get("errorType") in ("NoBatch", "NoMessages"), error)
    return "no batch"


def is_header(name, value):
    """Whether a header can be sent."""
    return all(isinstance(it, str) and it.isprintable() for it in (name, value))


def expect(holds, answer):
    """Fails because of an answer."""
    if not holds:
        raise Failure(f"answered {json.dumps(answer)[:600]}")


def told(function, seed, number, event, failure):
    """The message with which a person can reproduce the failure."""
    kept = SCRATCH / f"fuzz-{function}-{number}.json"
    kept.write_bytes(event)
    again = f"{function} --seed {seed} --only {number}"
    return f"{function}, event {number} of seed {seed}: {failure}\n  the event: {kept}\n  again: tests/local/fuzz.py {again}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("functions", nargs="*", help="which functions; all, if none is named")
    parser.add_argument("--events", type=int, default=100_000, help="events for each function (%(default)s)")
    parser.add_argument("--seed", default=SEED, help="another seed makes other events (%(default)s)")
    parser.add_argument("--only", type=int, help="the number of a single event")
    parser.add_argument("--profile", choices=("release", "debug"), default="release", help="which binaries (%(default)s)")
    options = parser.parse_args()
    build = ["cargo", "build", "--quiet", "--bins", *(["--release"] if options.profile == "release" else [])]
    run(build)
    print(f"{options.events if options.only is None else 1} events for each function, seed {options.seed}", flush=True)
    fuzz(
        options.events,
        profile=options.profile,
        seed=options.seed,
        functions=options.functions,
        only=options.only,
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    with tidy():
        main()
