"""What worker processes do in tests, in a module of their own so that they can import it."""

import os
import signal
import threading

from rdfer.base.errors import UserError


def task(item, ask):
    kind, value = item
    if kind == "square":
        return value * value
    if kind == "process":
        return os.getpid()
    if kind == "ask":
        first, _, second = ask(value), ask(-value), ask(value + 1)
        return [second(), first()]
    if kind == "refuse":
        raise UserError(f"value = {value}: refused")
    if kind == "exit":
        os._exit(value)
    if kind == "signal":
        os.kill(os.getpid(), signal.Signals[value])
    if kind == "raise":
        raise LookupError(value)
    threading.Event().wait()
