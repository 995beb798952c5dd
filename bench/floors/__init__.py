"""Floors: what the database alone needs for the same rows. Nothing here knows tieout."""
