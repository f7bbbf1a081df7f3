"""``python -m rdfer`` is the same as ``rdfer``."""

import sys

from rdfer.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
