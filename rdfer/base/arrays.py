"""Numbers from anywhere as NumPy arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_array(values: ArrayLike | Any, dtype: Any = None) -> NDArray[Any]:
    """A NumPy array of lists, arrays, or PyTorch tensors on any device.

    A tensor is detached first: no gradient flows through what is made of it. Half precision
    becomes single, since NumPy does not know all of its kinds.

    >>> as_array([[1, 2]], np.float64)
    array([[1., 2.]])
    """
    if hasattr(values, "detach"):  # a tensor; PyTorch itself is not needed to know it
        values = values.detach().cpu()
        if values.is_floating_point() and values.element_size() < 4:
            values = values.float()
        values = values.numpy()
    return np.asarray(values, dtype)
