"""``python -m voxpool``."""

import sys

from voxpool.cli import main

if __name__ == "__main__":
    sys.exit(main())
