"""Running the same functions again: rebuilds, corrections, worked cases."""
