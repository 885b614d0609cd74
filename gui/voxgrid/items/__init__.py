"""Qt item models over the Qt-free ones: what views, keyboards and screen readers read."""
