"""What worker processes do in tests, in a module of their own so that they can import it."""

import os
import signal
import subprocess
import threading
from pathlib import Path

from rdfer.base.errors import UserError


def task(item):
    kind, value = item
    if kind == "square":
        return value * value
    if kind == "process":
        return os.getpid()
    if kind == "refuse":
        raise UserError(f"value = {value}: refused")
    if kind == "exit":
        os._exit(value)
    if kind == "signal":
        os.kill(os.getpid(), signal.Signals[value])
    if kind == "raise":
        raise LookupError(value)
    if kind == "tell":
        Path(value).touch()
    if kind == "parent":
        with open(value, "w") as pipe, subprocess.Popen(["sleep", "600"], stdout=pipe):
            pipe.write("started")
            pipe.close()
    if kind == "deaf":  # as code that holds on to Python for ever
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    threading.Event().wait()
