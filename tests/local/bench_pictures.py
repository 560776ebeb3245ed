"""How fast and how small QR pictures are: shared/qr/benches/pictures.rs, as a table."""

import os
import subprocess

from processes import ROOT, Failure
from tables import judged, show


def measure():
    """Compiles and runs the Rust program, and prints the table."""
    # Everything is fully optimised, also `image`, which the shipped profile keeps small, so that the comparison is fair.
    env = {**os.environ, "CARGO_PROFILE_BENCH_OPT_LEVEL": "3"}
    command = ["cargo", "bench", "--quiet", "--locked", "--package", "saoma-qr", "--bench", "pictures"]
    found = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise Failure("the timing of pictures failed: its last words are above")
    rows = [row_of(*picture.split()) for picture in found.stdout.splitlines() if picture]
    show(
        "QR pictures, from text to PNG",
        ["picture", "us", "bytes", "qrcode + image us", "bytes", "times faster"],
        [*rows, ["aim at 256 px plain", "< 300", "< 800", "", "", ""]],
        ["median of 1001 rounds; a session's text of 54 characters, exactly as many pixels as asked for"],
    )


def row_of(size, kind, micros, size_in_bytes, their_micros, their_bytes):
    """One picture's row; only one picture has an aim."""
    name = f"{size} px {kind}"
    if their_micros == "-":
        return [name, micros, size_in_bytes, "", "", ""]
    faster = f"{float(their_micros) / float(micros):.1f}"
    if (size, kind) == ("256", "plain"):
        micros, size_in_bytes = judged(float(micros), 300, 1), judged(int(size_in_bytes), 800, 0)
    return [name, micros, size_in_bytes, their_micros, their_bytes, faster]
