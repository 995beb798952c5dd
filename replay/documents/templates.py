"""What documents are rendered with: two templates, the words of each language, fonts.

A folder of one's own may hold another `invoice.html` or `invoice.typ`, more `languages` and more
`fonts`; what it does not hold is as shipped. The version of a rendering is a digest over all that
its bytes depend on besides facts and names, so nobody has to remember to count it up.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from msgspec import Struct

from domain.errors import Rejected
from store.failure import StoreError

Medium = Literal["text/html", "application/pdf"]
Words = Mapping[str, str]

SHIPPED = Path(__file__).parent / "shipped"
ORIGINAL = "en"
SUFFIXES: dict[Medium, str] = {"text/html": "html", "application/pdf": "pdf"}
TEMPLATES: dict[Medium, str] = {"text/html": "invoice.html", "application/pdf": "invoice.typ"}
LIBRARIES: dict[Medium, tuple[str, ...]] = {
    "text/html": ("babel", "jinja2"),
    "application/pdf": ("babel", "typst"),
}
FONTS = {".ttf", ".otf", ".ttc"}
VERSION_DIGITS = 16


class Templates(Struct, frozen=True, kw_only=True):
    """Template texts by medium, words by language, folders of fonts, and the version of each
    rendering by medium and language: 16 hexadecimal digits over template, words, fonts, libraries.
    """

    texts: dict[Medium, str]
    languages: dict[str, Words]
    fonts: tuple[Path, ...]
    versions: dict[tuple[Medium, str], str]

    def words(self, locale: str) -> Words:
        """Those of the locale itself, else of its language. Raises Rejected if there are none."""
        return self.languages[self._language(locale)]

    def version(self, medium: Medium, locale: str) -> str:
        return self.versions[medium, self._language(locale)]

    def _language(self, locale: str) -> str:
        for name in (locale, locale.partition("-")[0]):
            if name in self.languages:
                return name
        known = ", ".join(sorted(self.languages))
        raise Rejected("no-translation", field="locale", locale=locale, known=known)


@lru_cache
def templates(own: Path | None = None) -> Templates:
    """As shipped, with what a folder of one's own holds instead or besides. Read once."""
    folders = [SHIPPED] if own is None else [SHIPPED, own]
    if own is not None and not own.is_dir():
        raise StoreError("template-failed", f"{own} is no folder")
    fonts = tuple(folder / "fonts" for folder in folders if (folder / "fonts").is_dir())
    texts = {medium: _text(folders, name) for medium, name in TEMPLATES.items()}
    languages = _languages(folders)
    versions = {
        (medium, language): _version(medium, text, words, fonts)
        for medium, text in texts.items()
        for language, words in languages.items()
    }
    return Templates(texts=texts, languages=languages, fonts=fonts, versions=versions)


def _version(medium: Medium, text: str, words: Words, fonts: tuple[Path, ...]) -> str:
    libraries = [f"{name} {version(name)}" for name in LIBRARIES[medium]]
    letters = _digest_of(fonts) if medium == "application/pdf" else ""
    said = [text, *libraries, letters, *(f"{name}={told}" for name, told in sorted(words.items()))]
    return sha256("\0".join(said).encode()).hexdigest()[:VERSION_DIGITS]


def _text(folders: Iterable[Path], name: str) -> str:
    paths = [folder / name for folder in folders]
    return [path for path in paths if path.is_file()][-1].read_text(encoding="utf-8")


def _languages(folders: Iterable[Path]) -> dict[str, Words]:
    paths = {path.stem: path for folder in folders for path in folder.glob("languages/*.toml")}
    found = {name: _read(path) for name, path in sorted(paths.items())}
    for name, words in found.items():
        _require_whole(paths[name], words, found[ORIGINAL])
    return found


def _read(path: Path) -> Words:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise StoreError("translation-incomplete", f"{path}: {problem}") from None
    return {name: str(text) for name, text in found.items()}


def _require_whole(path: Path, words: Words, original: Words) -> None:
    """Every key of English and no other, each with the same names to fill in."""
    for name in sorted(original.keys() ^ words.keys()):
        what = "has no" if name in original else "has a needless"
        raise StoreError("translation-incomplete", f"{path} {what} {name}")
    for name, text in words.items():
        if _gaps(path, text) != (wanted := _gaps(path, original[name])):
            told = ", ".join(sorted(wanted)) or "nothing"
            raise StoreError("translation-incomplete", f"{path}: {name} must fill in {told}")


def _gaps(path: Path, text: str) -> set[str]:
    """What a text leaves to be filled in, as it is written between braces."""
    try:
        parts = [*string.Formatter().parse(text)]
    except ValueError as problem:
        raise StoreError("translation-incomplete", f"{path}: {text}: {problem}") from None
    return {
        f"{{{name}{'!' + how if how else ''}{':' + form if form else ''}}}"
        for _, name, form, how in parts
        if name is not None
    }


@lru_cache
def _digest_of(folders: tuple[Path, ...]) -> str:
    digest = sha256()
    for folder in folders:
        for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in FONTS):
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()
