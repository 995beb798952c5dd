"""The demo: a made-up company that shows all that can be sold, and all that can change."""
