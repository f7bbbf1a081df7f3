"""What every room stands on: errors, whole-or-absent files, progress, the machine."""
