"""The pure core: facts in, amounts out. Standard library and msgspec only; no clock, no I/O."""
