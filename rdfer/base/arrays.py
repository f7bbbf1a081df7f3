"""Numbers from anywhere as NumPy arrays, and what is wrong with one of them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError


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


def refuse(wrong: NDArray[np.bool_], name: str, values: NDArray[Any], rule: str) -> None:
    """Name the first of ``values`` that is ``wrong``, and the rule that it breaks.

    >>> refuse(np.array([False, True]), "ages", np.array([3, -1]), "must be at least 0")
    Traceback (most recent call last):
    rdfer.base.errors.UserError: ages[1] = -1: must be at least 0

    Raises:
        UserError: any is wrong.
    """
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise UserError(f"{name}{list(at)} = {values[at]}: {rule}")
