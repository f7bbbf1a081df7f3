"""Writing past the operating system's cache of files, where system and sizes allow.

A bank may be larger than memory. On its way through the cache it would push out the videos that
are read meanwhile, and all else, for pages that nobody asks for soon; and the pages cost more
processor time than the copying.
"""

import errno
import mmap
import os
from functools import lru_cache
from pathlib import Path


def write_at(file: Path, offset: int, content: memoryview) -> None:
    """Write bytes into a file that exists, from ``offset`` on.

    Args:
        file: the file; it grows where needed.
        offset: where, in bytes.
        content: contiguous bytes.
    """
    content = content.cast("B")
    if not _write_direct(file, offset, content):
        with open(file, "r+b") as target:
            target.seek(offset)
            target.write(content)


def _write_direct(file: Path, offset: int, content: memoryview) -> bool:
    """Write without the cache; False where that cannot be done."""
    if not hasattr(os, "O_DIRECT") or offset % mmap.PAGESIZE or len(content) % mmap.PAGESIZE:
        return False
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_DIRECT)
        try:
            aligned = _page_aligned(len(content))
            aligned[:] = content
            return os.pwrite(descriptor, aligned, offset) == len(content)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTSUP):  # this file system cannot
            return False
        raise


@lru_cache(maxsize=1)  # clips of one length share it
def _page_aligned(length: int) -> mmap.mmap:
    return mmap.mmap(-1, length)
