"""The command line: ``rdfer ...``."""


def main() -> int:
    """Run the command line and return its exit status."""
    return 0
