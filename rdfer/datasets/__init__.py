"""Readers of the official layouts of data sets: a folder in, a manifest out.

::

    manifest = rdfer.datasets.read("dfew", "/data/DFEW", fold=3, clips="clip_224x224")
    manifest = rdfer.datasets.splits.cut_validation(manifest, share=0.1, seed=0)

One file a set: its layout, its reader, and what is known of it (:data:`DATASETS`). Shared by the
readers: ``tree`` (folders of videos), ``lists`` (labels), ``tables`` (lines and cells), ``splits``
(drawn parts). :mod:`rdfer.datasets.check` tells what a folder lacks.
"""

from rdfer.datasets.reading import DATASETS, read, scan

__all__ = ["DATASETS", "read", "scan"]
