"""``python -m voxgrid``."""

import sys

from voxgrid.app import main

if __name__ == "__main__":
    sys.exit(main())
