"""Widgets: they paint what the models say and tell what the user wants.  No asyncio, no pool."""
