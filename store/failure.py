"""How the store says no: one error with a stable code and a sentence for a person."""


class StoreError(Exception):
    """The database cannot be used so. The code is for programs, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["StoreError"], tuple[str, str]]:
        """Told by a process to the one that started it."""
        return StoreError, (self.code, str(self))
