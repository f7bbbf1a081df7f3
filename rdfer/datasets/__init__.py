"""Readers of the official layouts of data sets: a folder in, a manifest out.

::

    manifest = rdfer.datasets.read("dfew", "/data/DFEW", fold=3, clips="clip_224x224")
    manifest = rdfer.datasets.splits.cut_validation(manifest, share=0.1, seed=0)

Names, layouts, licences and known counts are in :mod:`rdfer.datasets.table`; what a folder lacks
is told by :mod:`rdfer.datasets.check`.
"""

from rdfer.datasets.reading import read, scan
from rdfer.datasets.table import DATASETS

__all__ = ["DATASETS", "read", "scan"]
