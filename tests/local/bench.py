"""make bench: measures the shipped functions, the pictures, and a login: its price and its pace, by the API alone, with a
socket, beside a peer, and through our pages. Linux only.

A figure that misses its aim is marked and fails nothing: other machines are slower, and busy ones lie. Run it alone.
"""

import os
import sys

import bench_functions
import bench_login
import bench_pages
import bench_peers
import bench_pictures
import bench_sockets
from processes import ROOT, Failure, run, tidy


def main():
    """Builds the shipped binaries, then measures them."""
    if sys.platform != "linux":
        raise Failure("make bench reads the processes' time and memory from /proc, so it needs Linux")
    print("Building the functions as they are shipped (the first time takes minutes) ...", flush=True)
    run(["cargo", "build", "--quiet", "--release", "--locked", "--bins"])
    bench_functions.measure()
    bench_pictures.measure()
    sms = bench_login.measure()
    besides = bench_sockets.measure()
    bench_peers.measure()
    bench_pages.measure(besides, sms)


if __name__ == "__main__":
    os.chdir(ROOT)
    with tidy():
        main()
