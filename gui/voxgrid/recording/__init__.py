"""Every session recorded, and the time line to go back in it: the window's half of ``voxpool.recording``."""
