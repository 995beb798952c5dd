"""The faces of the ledger: the command line and HTTP. Nothing imports this package."""
