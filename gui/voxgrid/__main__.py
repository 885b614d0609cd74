"""``voxgrid`` and ``python -m voxgrid``."""

import sys

from voxgrid.options import parse, without_display


def main() -> int:
    """Run the app; what the command line alone can answer loads neither Qt nor anything else of it."""
    if trouble := without_display(parse(sys.argv[1:])):
        sys.stderr.write(f"voxgrid: {trouble}\n")
        return 1
    from voxgrid.app import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
