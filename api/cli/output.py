"""How the command line speaks: examples in the help, JSON for programs, tables for people."""


def examples(*lines: str) -> str:
    """Lines for `epilog`: click keeps them as they are after a backspace."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
