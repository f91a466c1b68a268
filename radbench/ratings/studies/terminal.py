"""Rating at a terminal: the same pages and answers as on the web, without images."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from radbench.ratings.studies.answers import CHOICES, SIGNIFICANCES, AnswerError
from radbench.ratings.studies.desk import Desk, Shown

Ask = Callable[[str], str]
Say = Callable[[str], None]

_UNDO, _QUIT, _REFERENCE = "u", "q", "r"
_LETTERS = {"a": "left", "b": "right", "t": "tie", "x": "both_bad"}


class _Turned(Exception):  # noqa: N818  # no fault: the rater wants something else than to answer
    """The rater typed a command in the place of an answer."""


def rate(desk: Desk, ask: Ask, say: Say, *, clock: Callable[[], float] = monotonic) -> bool:
    """Go through the pages of a rater from the open one; True when all are answered, False when the rater left before.

    Args:
        desk: whose pages.
        ask: gives the line typed after a prompt; EOFError at the end of input counts as leaving.
        say: prints a line.
        clock: seconds.
    """
    while (shown := desk.current()) is not None:
        began = clock()
        _print(desk, shown, say)
        fields: dict[str, str] = {}
        if desk.study.draft.reference == "always":
            _print_reference(shown, say)
        try:
            fields |= _asked(desk, shown, ask, say)
            desk.submit(shown.page.position, shown.page.attempt, fields, clock() - began)
        except AnswerError as error:
            say(str(error))
        except EOFError:
            return False
        except _Turned as turned:
            if str(turned) == _QUIT:
                return False
            last = desk.last()
            if last is None or not desk.undo(last.position, last.attempt):
                say("There is nothing to undo.")
    say("All pages are answered. Thank you.")
    return True


def _print(desk: Desk, shown: Shown, say: Say) -> None:
    draft = desk.study.draft
    asked = "; r: the reference" if draft.reference == "asked" else ""
    say(f"\n=== {draft.title}: page {shown.page.position} of {desk.n_pages} (u: undo, q: leave{asked})")
    if shown.case.media:
        say(f"[{len(shown.case.media)} images, on the web page only]")
    for role, text in shown.case.texts.items():
        say(f"--- {role.replace('_', ' ')}\n{printable(text)}")
    heads = ("left (a)", "right (b)") if len(shown.texts) > 1 else ("report",)
    for head, text in zip(heads, shown.texts, strict=True):
        say(f"--- {head}\n{printable(text)}")


def _print_reference(shown: Shown, say: Say) -> None:
    for text in shown.case.references:
        say(f"--- reference\n{printable(text)}")


def printable(text: str) -> str:
    """The text without the control characters by which a terminal could be told to do something."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _asked(desk: Desk, shown: Shown, ask: Ask, say: Say) -> dict[str, str]:
    """The fields of a form, question by question."""
    draft = desk.study.draft
    fields: dict[str, str] = {}

    def question(prompt: str) -> str:
        while True:
            said = ask(prompt).strip()
            if said in {_UNDO, _QUIT}:
                raise _Turned(said)
            if said != _REFERENCE or draft.reference != "asked":
                return said
            _print_reference(shown, say)
            fields["reference_seen"] = "yes"

    match draft.mode:
        case "ordinal":
            for criterion in draft.questions:
                for level, meaning in sorted(criterion.anchors.items()):
                    say(f"  {level}  {meaning}")
                fields[f"score.{criterion.name}"] = question(f"{criterion.question} ")
        case "errors":
            for category in draft.categories:
                counts = question(f"{category.replace('_', ' ')}: significant, insignificant [0 0] ").replace(",", " ").split()
                if len(counts) > len(SIGNIFICANCES):
                    raise AnswerError("two counts, such as `1 0`.")
                fields |= {f"count.{category}.{significance}": count for significance, count in zip(SIGNIFICANCES, counts, strict=False)}
        case "ab":
            for criterion in draft.questions:
                choice = question(f"{criterion.question} a: left, b: right, t: tie, x: both bad ")
                fields[f"choice.{criterion.name}"] = _LETTERS.get(choice, choice)
                if draft.strengths and _LETTERS.get(choice, choice) in CHOICES[:2]:
                    listed = ", ".join(f"{i}: {strength}" for i, strength in enumerate(draft.strengths, start=1))
                    fields[f"strength.{criterion.name}"] = question(f"By how much? {listed} ")
        case "spans":
            fields |= _spans(draft.categories, question, say)
    return fields


def _spans(categories: tuple[str, ...], question: Ask, say: Say) -> dict[str, str]:
    """Errors one by one until an empty line for the kind."""
    say("  " + "  ".join(f"{i}: {category.replace('_', ' ')}" for i, category in enumerate(categories, start=1)))
    fields: dict[str, str] = {}
    i = 0
    while kind := question(f"Error {i + 1}: its kind by number, or nothing when all are marked: "):
        known = kind.isascii() and kind.isdigit() and 1 <= int(kind) <= len(categories)
        fields[f"span.{i}.category"] = categories[int(kind) - 1] if known else kind
        fields[f"span.{i}.words"] = question("its words, as they stand in the report (nothing for an omission): ")
        fields[f"span.{i}.significance"] = "significant" if question("significant? y or n ").lower().startswith("y") else "insignificant"
        i += 1
    return fields
