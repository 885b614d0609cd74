"""A finished run for people and for spreadsheets: one HTML file, JSON, CSV."""
