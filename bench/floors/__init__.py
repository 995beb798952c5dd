"""Floors: what the database, or plain Python, needs for the same. Nothing here knows tieout."""
