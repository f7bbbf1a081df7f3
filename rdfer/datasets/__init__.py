"""Readers of the official layouts of data sets: a folder in, a manifest out."""

from rdfer.datasets.dfew import read_dfew

__all__ = ["read_dfew"]
