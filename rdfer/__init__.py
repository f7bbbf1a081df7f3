"""Executable companion to *Robust Dynamic Facial Expression Recognition*."""

__version__ = "0.1.0"
