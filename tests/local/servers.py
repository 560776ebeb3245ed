"""HTTP servers inside this process, beside the programs that processes.py starts."""

import threading
from contextlib import contextmanager

_LOOK = 0.05  # seconds between two looks at whether the server shall end


@contextmanager
def running(server):
    """Runs a server until the block ends."""
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(_LOOK,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
