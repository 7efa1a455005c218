"""Text from files of others, made fit for a terminal, a log or a report."""

import unicodedata


def printable(text: str) -> str:
    """Text without control characters: names and keys come from files that anyone may have written."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == " " else _escape(c) for c in text)


def _escape(character: str) -> str:
    if unicodedata.category(character) in ("Zs", "Zl", "Zp"):
        return " "
    return character.encode("unicode_escape").decode("ascii")
