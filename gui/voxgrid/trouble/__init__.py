"""What goes wrong: the docks that explain errors, and that make them happen on purpose."""
