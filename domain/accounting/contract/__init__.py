"""A contract stated by itself: its price, who shares it, how it is earned and changed."""
