"""Assignment, waiting, retrying and counting: everything between a caller and a connection."""
