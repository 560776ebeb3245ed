"""make run: the service on http://localhost:9000, over an AWS emulator on 4566, and a demo on the next port. Ctrl-C ends all."""

import emulator as aws
from demo import demo
from processes import hold, port_from, tidy
from serve import announce, build, served


def main():
    port = port_from("PORT", 9000)
    emulator_port = port_from("EMULATOR_PORT", 4566)
    print("Building the functions ...", flush=True)
    build()
    print("Starting them; each answers a first call ...", flush=True)
    with aws.running(emulator_port) as emulator, served(port, emulator, reload=True) as stack, demo(stack) as site:
        announce(stack, demo=site)
        hold()


if __name__ == "__main__":
    with tidy():
        main()
