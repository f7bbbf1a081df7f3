"""A bank in the memory of a device: the whole data set beside the network that trains on it."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

if TYPE_CHECKING:
    from rdfer.data.store import ClipStore

# rows copied at a time, so that no second copy of the whole bank is ever in memory
CHUNK = 4096


class DeviceBank:
    """All rows of a bank as one tensor.

    Attributes:
        ids: names of the clips, in order.
        lengths: rows of each clip, int64 ``[V]``, in main memory: sampling is done there.
        rows: ``[sum of lengths, *shape]`` on the device.

    Args:
        bank: a finished bank.
        device: where to put it.
    """

    def __init__(self, bank: "ClipStore", device: str | torch.device) -> None:
        self.bank = bank
        self.ids = bank.ids
        self.lengths = bank.lengths
        kind = torch.from_numpy(np.empty(0, bank.rows.dtype)).dtype
        self.rows = torch.empty(bank.rows.shape, dtype=kind, device=device)
        for start in range(0, len(self.rows), CHUNK):
            part = np.array(bank.rows[start : start + CHUNK])
            self.rows[start : start + CHUNK] = torch.from_numpy(part)

    def __len__(self) -> int:
        return len(self.ids)

    def gather(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> Tensor:
        """Rows of clips, ``[B, ..., *shape]`` on the device, in the bank's own type.

        Args:
            videos: number of the clip, int ``[B]``.
            frames: row of that clip, int ``[B, ...]``.

        Raises:
            IndexError: a clip that is not there, or a frame outside its clip.
        """
        numbers = torch.from_numpy(self.bank.row_numbers(videos, frames)).to(self.rows.device)
        return self.rows[numbers]
