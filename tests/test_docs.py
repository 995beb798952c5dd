"""The documentation is true: links lead somewhere, and examples can be read or run.

A fenced block is checked by its language. `json` is read, `python` compiled, `sh` parsed: commands
of ours must exist, with their options. A comment on the line before a block asks for more:

    <!-- read: request -->   the json is a request with a command, as `tieout post` reads it
    <!-- read: mapping -->   the toml is a mapping, as `tieout import usage` reads it
    <!-- file: NAME -->      the block is written to a file that later blocks of the page use
    <!-- run -->             the sh is run, line by line, on a database of the page's own
    <!-- run: refused -->    the same, and its last command must be refused
    <!-- prints -->          each line of the text was printed by the run before it

Blocks of one page run in their order, so a how-to is followed from its first line to its last.
"""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
import pytest

from api import cli
from api.reading import read_as, read_json, read_request
from domain.usage import UsageRow
from replay.usage_mapping import read_usage_mapping

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
BLOCK = re.compile(
    r"(?P<notes>(?:^ *<!--[^\n]*-->\n)*)"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
NOTE = re.compile(r"<!-- *(.*?) *-->")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<title>.+)$", re.MULTILINE)
SHELL = frozenset({"&&", "||", "|", ";", "(", ")", "&"})
REDIRECTION = re.compile(r"[<>]+")


# --- links ---------------------------------------------------------------------------------------


def prose(page: Path) -> str:
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The names that headings get: lower case, words by hyphens, the rest left out."""
    titles = (found["title"] for found in HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(page: Path) -> Iterator[str]:
    for found in LINK.finditer(prose(page)):
        target, _, anchor = found["target"].partition("#")
        if ":" in target:
            continue
        there = (page.parent / target).resolve() if target else page
        here = there.is_relative_to(ROOT) and there.exists()
        if not here or (anchor and anchor not in anchors(there)):
            yield found["target"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [*dead_links(page)] == []


def test_a_page_is_linked_from_another() -> None:
    """Decisions are found by their number, the notes for the repository's face by their name."""
    linked = {
        (page.parent / found["target"].partition("#")[0]).resolve()
        for page in PAGES
        for found in LINK.finditer(prose(page))
    }
    docs = {page for page in PAGES if "docs" in page.parts and "decisions" not in page.parts}

    assert sorted(NAMES[PAGES.index(page)] for page in docs - linked) == []


# --- examples ------------------------------------------------------------------------------------


class Block(NamedTuple):
    """A fenced example: its language, its text and what the comments before it ask for."""

    language: str
    text: str
    notes: tuple[str, ...]

    @property
    def file(self) -> str | None:
        """The file it is to be written to."""
        return next((n.removeprefix("file: ") for n in self.notes if n.startswith("file: ")), None)

    @property
    def is_run(self) -> bool:
        return not {"run", "run: refused"}.isdisjoint(self.notes)

    @property
    def lines(self) -> list[str]:
        """The lines of a shell example, those that go on joined, without comments."""
        whole = self.text.replace("\\\n", " ")
        return [line for line in whole.splitlines() if shlex.split(line, comments=True)]


def blocks(page: Path) -> list[Block]:
    return [
        Block(found["language"], textwrap.dedent(found["text"]), (*NOTE.findall(found["notes"]),))
        for found in BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def parts(line: str) -> Iterator[list[str]]:
    """The simple commands of a shell line, without redirections and assignments before them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for token in lexer:
        if token in SHELL:
            yield _bare(words)
            words = []
        elif skip:
            skip = False
        elif REDIRECTION.fullmatch(token):
            skip = True
        else:
            words.append(token)
    yield _bare(words)


def _bare(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z][A-Z0-9_]*=.*", words[0]):
        words = words[1:]
    return words


def require_command(words: list[str]) -> None:
    """A command of ours that the words call, with options that it has."""
    command: click.Command = cli.tieout
    context = click.Context(command, info_name="tieout")
    rest = words
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command: {' '.join(words)}"
        command = found.itself() if isinstance(found, cli.Listed) else found
        rest = rest[1:]
    if command.context_settings.get("ignore_unknown_options"):
        return
    context = click.Context(command, parent=context)
    known = {name for option in command.get_params(context) for name in option.opts}
    given = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    assert [name for name in given if name not in known | {"-h", "--help"}] == [], words


def check_sh(block: Block) -> None:
    for line in block.lines:
        for words in parts(line):
            if not words:
                continue
            program = words[0]
            if program in {"./tieout", "tieout"}:
                require_command(words[1:])
            elif program.startswith((".ci/", "./", "bench/", "requirements/")):
                assert (ROOT / program).exists(), program


def check_json(block: Block) -> None:
    """One value, or one on each line."""
    for value in values(block):
        if "read: request" in block.notes:
            read_request(value)
        elif "read: usage" in block.notes:
            read_as(value, UsageRow)


def values(block: Block) -> list[Any]:
    try:
        return [msgspec.json.decode(block.text)]
    except msgspec.DecodeError:
        return [read_json(line) for line in block.text.splitlines() if line.strip()]


def check_toml(block: Block, folder: Path) -> None:
    msgspec.toml.decode(block.text)
    if "read: mapping" in block.notes:
        path = folder / "mapping.toml"
        path.write_text(block.text, encoding="utf-8")
        read_usage_mapping(path)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_example_can_be_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        match block.language:
            case "json":
                check_json(block)
            case "toml":
                check_toml(block, tmp_path)
            case "python":
                ast.parse(block.text)
            case "sh":
                check_sh(block)
            case _:
                assert block.language in {"", "text", "sql", "yaml", "csv"}, block


@pytest.mark.parametrize(
    "line",
    [
        "./tieout nothing",
        "./tieout close 2024-01 --entity acme --gently",
        "X=1 ./tieout test && ./tieout report --sideways",
        ".ci/walk",
    ],
)
def test_a_command_that_is_not_there_is_seen(line: str) -> None:
    with pytest.raises(AssertionError):
        check_sh(Block("sh", line, ()))


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](other.md) [d](https://example.org)\n")

    assert [*dead_links(page)][-2:] == ["#two", "other.md"]


def runs(page: Path) -> bool:
    return any(block.is_run for block in blocks(page))


RUNNING = [page for page in PAGES if runs(page)]


@pytest.mark.parametrize("page", RUNNING, ids=[page.stem for page in RUNNING])
def test_a_page_can_be_followed(
    page: Path,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    printed = ""
    for block in blocks(page):
        if block.file is not None:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif "prints" in block.notes:
            missing = [line for line in squeezed(block.text) if line not in squeezed(printed)]
            assert missing == [], printed
        elif block.is_run:
            *before, last = [words for line in block.lines for words in parts(line) if words]
            left = [call(words, monkeypatch) for words in before]
            left.append(call(last, monkeypatch))
            printed, complained = capsys.readouterr()
            wanted = [*(0 for _ in before), int("run: refused" in block.notes)]
            assert left == wanted, (block.text, printed, complained)


def squeezed(text: str) -> list[str]:
    """The lines that say something, any run of spaces as one."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def call(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """One command of ours, as its console script would run it."""
    assert words[0] in {"./tieout", "tieout"}, words
    monkeypatch.setattr("sys.argv", words)
    try:
        cli.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0
