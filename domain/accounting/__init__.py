"""One file per accounting step: facts of one unit in, flows of a schedule out."""
