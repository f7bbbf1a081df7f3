"""Executable companion to *Robust Dynamic Facial Expression Recognition*."""

from importlib.metadata import version

__version__ = version("rdfer")
