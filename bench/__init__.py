"""How fast tieout is on this machine, beside the least that the same work could cost."""
