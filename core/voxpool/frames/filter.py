"""The language in which frames are chosen.

::

    ctx:12-1 type:text|audio          this context's texts and audio (its id, or what stands behind its first dash)
    conn:3 dir:in not type:audio      what connection 3 said, without the audio
    utt:12                            all contexts of an utterance, retries included
    code:8   code:>0   code:RESOURCE_EXHAUSTED
    text:"limit of 5"   hello   "two words"   /not found|unknown/i
    gap:>200ms   audio:<100ms   size:>10kB   after:1.5s before:2m
    -type:audio (code:>0 or /closed/)

Parts stand side by side and must all fit; ``or``, ``not`` (or ``-``) and parentheses are what they are elsewhere.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import re2
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from voxpool.errors import VoxpoolError
from voxpool.frames.fields import FIELDS, BadValue, read_field
from voxpool.frames.terms import Both, Either, Everything, Negation, Pattern, Term, Text, compiled, unquoted

LONGEST: Final = 2000
"""Characters of a filter."""
DEEPEST: Final = 60
"""Parentheses and negations inside each other."""

_GRAMMAR: Final = r"""
?start: either
either: both (_OR both)*
both: part (_AND? part)*
?part: (_NOT | _MINUS) part -> negation
     | "(" either ")"
     | FIELD (VALUE | QUOTED) -> field
     | PATTERN -> pattern
     | QUOTED -> quoted
     | WORD -> word
_OR.5: /or(?=[\s()]|$)/i
_AND.5: /and(?=[\s()]|$)/i
_NOT.5: /not(?=[\s()]|$)/i
_MINUS.5: /-(?=\S)/
FIELD.4: /[A-Za-z_]+:/
PATTERN.4: /\/(\\.|[^\/\\])+\/i?(?=[\s()]|$)/
QUOTED.4: /"(\\.|[^"\\])*"/s
VALUE: /[^\s()"]+/
WORD: /[^\s()"\/\-][^\s()"]*/
%ignore /\s+/
"""


@cache
def parser() -> Lark:
    """Return the parser, made when it is first needed: that takes 20 ms, which a start need not wait for."""
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True)


_POSSIBLE: Final[dict[str, str]] = {
    "FIELD": "a field such as ctx:",
    "WORD": "a word",
    "QUOTED": 'a text in "quotation marks"',
    "PATTERN": "a /pattern/",
    "VALUE": "a value",
    "_NOT": "not",
    "_OR": "or",
    "LPAR": "(",
    "RPAR": ")",
}


class FilterError(VoxpoolError, ValueError):
    """A filter cannot be read.

    Attributes:
        column: Where, from 1.
        why: What is wrong there and what is possible, without the column.
    """

    def __init__(self, column: int, why: str) -> None:
        self.column = column
        self.why = why
        super().__init__(column, why)

    def __str__(self) -> str:
        return f"Column {self.column}: {self.why}."


def parse_filter(text: str) -> Term:
    """Return the filter that a text means.

    Raises:
        FilterError: In one sentence, with the column and what is possible there.
    """
    if len(text) > LONGEST:
        raise FilterError(LONGEST + 1, f"a filter has at most {LONGEST} characters")
    if not text.strip():
        return Everything()
    _check_depth(text)
    try:
        term: Term = _Builder().transform(parser().parse(text))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        raise _explain(error, text) from None
    return term


def _check_depth(text: str) -> None:
    """Refuse what would only exhaust the stack; a word of its own is cheap, so that counting may be crude."""
    depth = 0
    for column, character in enumerate(text, start=1):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST:
            raise FilterError(column, f"parentheses go at most {DEEPEST} deep")


@v_args(inline=True)
class _Builder(Transformer[Token, Term]):
    """Makes terms of a parse tree."""

    def either(self, *parts: Term) -> Term:
        return parts[0] if len(parts) == 1 else Either(parts)

    def both(self, *parts: Term) -> Term:
        return parts[0] if len(parts) == 1 else Both(parts)

    def negation(self, part: Term) -> Term:
        return Negation(part)

    def quoted(self, token: Token) -> Term:
        return Text(unquoted(token))

    def word(self, token: Token) -> Term:
        return Text(str(token))

    def pattern(self, token: Token) -> Term:
        ignore_case = token.endswith("i")
        body = token[1:-2] if ignore_case else token[1:-1]
        try:
            compiled(body, ignore_case=ignore_case)
        except re2.error as error:
            raise FilterError(token.column or 1, f"this is no pattern: {_re2_words(error)}") from None
        return Pattern(body, ignore_case)

    def field(self, name: Token, value: Token) -> Term:
        column = name.column or 1
        spelled = name[:-1].lower()
        if spelled not in FIELDS:
            raise FilterError(
                column, f"there is no field {name} (there are {', '.join(f'{each}:' for each in FIELDS)})"
            )
        try:
            return read_field(
                spelled, unquoted(value) if value.type == "QUOTED" else str(value), value.type == "QUOTED"
            )
        except BadValue as error:
            raise FilterError(value.column or column, str(error)) from None


def _re2_words(error: re2.error) -> str:
    said = error.args[0] if error.args else b""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _explain(error: UnexpectedInput, text: str) -> FilterError:
    if isinstance(error, UnexpectedToken):
        return _explain_token(error.token, error.accepts or set(), text)
    at = error.pos_in_stream or 0
    return FilterError(at + 1, _unreadable(text[at : at + 1]))


def _explain_token(token: Token, accepts: set[str], text: str) -> FilterError:
    ended = token.type == "$END"
    at = len(text.rstrip()) if ended else (token.start_pos or 0)
    possible = possible_words(accepts)
    if "VALUE" in accepts:
        field = text[:at].rstrip().rpartition(":")[0].split()[-1].lstrip("(-").lower()
        like = FIELDS[field].example if field in FIELDS else "…"
        return FilterError(at + 1, f'{field}: needs a value such as {field}:{like}, or one in "quotation marks"')
    if ended:
        return FilterError(at + 1, f"something is missing at the end; possible is {possible}")
    if token.type == "RPAR":
        missing = "WORD" in accepts
        why = f"something is missing before ); possible is {possible}" if missing else "this ) closes nothing"
        return FilterError(at + 1, why)
    if token[:1] in ('"', "/"):
        return FilterError(at + 1, _unreadable(token[:1]))
    return FilterError(at + 1, f"{str(token)[:20]} cannot stand here; possible is {possible}")


def _unreadable(character: str) -> str:
    if character == '"':
        return "this quotation mark is not closed"
    if character == "/":
        return "this pattern is not closed; end it with / or put the text in quotation marks"
    return f"{character} cannot stand here"


def possible_words(terminals: set[str]) -> str:
    """Return what may come, in words."""
    words = [word for name, word in _POSSIBLE.items() if name in terminals]
    return ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1] if words else "the end"
