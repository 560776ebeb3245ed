"""Checks docs/security.md: each mitigation of RFC 10027 has an answer, and each row of the page has a test with its number."""

import re
import subprocess

from processes import ROOT, Failure

MITIGATIONS = 17  # RFC 10027 section 6.1
ANSWERS = {"done", "by choice", "in part", "planned", "no"}
HEADING = "## The best practice for cross-device flows"
A_NUMBER = re.compile(r"\b[A-Z]\d{1,2}\b")


def main():
    """Runs both checks; the first that fails says what to change."""
    page = (ROOT / "docs" / "security.md").read_text()
    numbers = tested_numbers()
    mitigations_are_answered(page)
    rows_are_tested(page, numbers)


def mitigations_are_answered(page):
    """Every mitigation has one row, with one of the answers and a reason; what is said to hold names a test."""
    rows = re.findall(r"^\| (\d+) [^|]*\| ([^|]*) \| (.*) \|$", page.partition(HEADING)[2], re.M)
    if [int(number) for number, _, _ in rows] != list(range(1, MITIGATIONS + 1)):
        raise Failure(f"docs/security.md answers the mitigations {[number for number, _, _ in rows]}, not 1 to {MITIGATIONS}")
    for number, answer, reason in rows:
        if answer not in ANSWERS or not reason.strip():
            raise Failure(f"docs/security.md, mitigation {number}: the answer is one of {sorted(ANSWERS)}, with a reason")
        if answer in {"done", "by choice", "in part"} and not A_NUMBER.findall(reason):
            raise Failure(f"docs/security.md, mitigation {number}: names no test that holds it")


def rows_are_tested(page, tested):
    """Every number on the page stands in the comment of a test."""
    missing = sorted(set(A_NUMBER.findall(page)) - tested)
    if missing:
        raise Failure(f"docs/security.md names rows that no test carries: {', '.join(missing)}")


def tested_numbers():
    """The numbers with which comments of tests and docstrings of checks begin."""
    begins = r"(//|#|\"\"\"|, \") ?[A-Z][0-9]{1,2}\b"
    lines = subprocess.run(
        ["git", "grep", "-hE", begins, "--", "shared", "functions", "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(A_NUMBER.findall(lines))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        raise SystemExit(str(failure)) from None
