"""Sources of made-up frames, in a module of their own so that worker processes can import it."""

import dataclasses
import os
import signal
import threading

import numpy as np

from rdfer.base.errors import UserError
from rdfer.data.video import Decoded


@dataclasses.dataclass(frozen=True)
class Counting:
    """Frames that depend on the name alone; every loading leaves a line in a file."""

    id: str
    length: int
    log: str = ""
    key: str = "v1"
    fault: str = ""
    of: int = 0
    note: str = ""

    def load(self, size: int, frames: int) -> np.ndarray | Decoded:
        if self.log:
            with open(self.log, "a") as file:
                file.write(self.id + "\n")
        if self.fault == "unreadable":
            raise UserError(f"{self.id}.mp4: is empty")
        if self.fault == "crash":
            os._exit(3)
        if self.fault == "signal":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.fault == "hang":
            threading.Event().wait()
        if self.fault == "shape":
            return np.zeros((self.length, size, size, 4), np.uint8)
        seed = int.from_bytes(self.id.encode(), "big")
        numbers = np.random.default_rng(seed).integers(0, 256, (self.length, size, size, 3))
        every = numbers.astype(np.uint8)
        return Decoded(every, self.of, self.note) if self.of else every


def sources(lengths, **more):
    return [Counting(f"clip{i}", length, **more) for i, length in enumerate(lengths)]
