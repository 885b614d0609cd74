"""What the window shows, without Qt: folded from the pool's events, formatted for people, tested as plain data."""
