"""docs/reference/cli.md says of every command what its own help says; `python FILE` writes it."""

import sys
from pathlib import Path

import click

from api.cli import Listed, tieout

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
BEGIN = "## Commands\n"


def itself(command):
    return command.itself() if isinstance(command, Listed) else command


def _commands(group, words=("tieout",)):
    for name in sorted(group.commands):
        command = itself(group.commands[name])
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield " ".join((*words, name)), command
            yield from _commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def _help(command):
    text = (command.help or "").replace("\b\n", "")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _option(option):
    names = ", ".join(f"`{name}`" for name in option.opts)
    says = option.help or ""
    if isinstance(option.type, click.Choice):
        says += f" One of {', '.join(f'`{choice}`' for choice in option.type.choices)}."
    if option.required:
        says += " Required."
    elif option.show_default and option.default not in (None, False):
        says += f" Default `{option.default}`."
    return f"| {names} | {says.strip()} |"


def _section(name, command):
    arguments = [row for row in command.params if isinstance(row, click.Argument)]
    options = [row for row in command.params if isinstance(row, click.Option)]
    called = " ".join([name, *(row.make_metavar(click.Context(command)) for row in arguments)])
    yield f"### {called}\n"
    yield f"{_help(command)}\n"
    if options:
        yield "| option | |\n|---|---|\n" + "\n".join(map(_option, options)) + "\n"
    lines = (command.epilog or "").replace("\b\nExamples:\n", "").splitlines()
    if lines:
        yield "```sh\n" + "\n".join(_commented(line.strip()) for line in lines if line) + "\n```\n"


def _commented(line):
    """What a help says beside a command becomes a comment of the shell."""
    command, gap, said = line.partition("   ")
    return f"{command}  # {said.strip()}" if gap else line


def sections():
    parts = [part for name, command in _commands(tieout) for part in _section(name, command)]
    return BEGIN + "\n" + "\n".join(parts)


def test_the_page_says_what_the_help_says():
    before, found, after = PAGE.read_text(encoding="utf-8").partition(BEGIN)

    assert before
    assert found + after == sections()


def test_the_list_of_commands_says_the_first_sentence_of_the_help_of_each():
    listed = {name: one.help for name, one in tieout.commands.items()}

    own = {name: itself(one) for name, one in tieout.commands.items()}
    assert listed == {name: one.get_short_help_str(len(one.help)) for name, one in own.items()}
    assert list(own) == [one.name for one in own.values()]


def test_every_command_and_option_says_what_it_does():
    silent = [
        (name, *option.opts)
        for name, command in _commands(tieout)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert silent == []
    assert [name for name, command in _commands(tieout) if not command.help] == []


if __name__ == "__main__":
    kept = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    PAGE.write_text(kept + sections(), encoding="utf-8")
    sys.exit()
