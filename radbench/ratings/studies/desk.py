"""One rater's place at a study: the page that is open, its answer, the way back. What the web pages and the terminal share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from radbench.errors import UnknownNameError
from radbench.ratings.studies.answers import Answer, Fields, read_answer
from radbench.ratings.studies.store import Outcome, Page, Record, Store
from radbench.ratings.studies.study import Item, Study, StudyCase

_DAY_S = 86400.0  # longer than anyone looks at one page


@dataclass(frozen=True, slots=True)
class Shown:
    """An open page with all that is on it."""

    page: Page
    case: StudyCase
    item: Item
    texts: tuple[str, ...]  # left, right


class Desk:
    """The pages of one rater.

    Raises:
        UnknownNameError: the study has no such rater.
    """

    def __init__(self, study: Study, store: Store, rater: str) -> None:
        if rater not in study.orders:
            raise UnknownNameError("rater", rater, study.orders, "radbench rate status STUDY")
        self.study, self.rater = study, rater
        self._store, self._order = store, study.orders[rater]

    @property
    def n_pages(self) -> int:
        """How many pages the rater has."""
        return len(self._order)

    def current(self) -> Shown | None:
        """The page to answer now; None when all are answered."""
        position, attempt = self._store.open_page(self.rater)
        return self.at(position, attempt) if position <= self.n_pages else None

    def at(self, position: int, attempt: int = 0) -> Shown | None:
        """The page at a position, from 1; None where there is none."""
        if not 1 <= position <= self.n_pages:
            return None
        showing = self._order[position - 1]
        item = self.study.item_of[showing.item]
        page = Page(rater=self.rater, position=position, attempt=attempt, item=item.id, arms=showing.arms)
        return Shown(page, self.study.case_of[item.case], item, tuple(self.study.arms[arm] for arm in showing.arms))

    def submit(self, position: int, attempt: int, fields: Fields, seconds: float) -> Outcome:
        """Store the answer to a page.

        Raises:
            AnswerError: it is not complete; nothing was stored.
        """
        shown = self.at(position, attempt)
        if shown is None:
            return "answered"
        answer = read_answer(fields, self.study.draft, shown.texts[0])
        spent = min(max(seconds, 0.0), _DAY_S) if math.isfinite(seconds) else 0.0
        return self._store.submit(shown.page, answer, spent)

    def last(self) -> Record | None:
        """The rater's last answer, the one that can be taken back; None where there is none."""
        answers = self._store.answers(self.rater)
        return answers[-1] if answers else None

    def undo(self, position: int, attempt: int) -> bool:
        """Take back the answer to a page if it is the last one; False where it is not, as after a second click."""
        shown = self.at(position, attempt)
        return shown is not None and self._store.undo(shown.page)

    def undone(self, position: int, attempt: int) -> Answer | None:
        """The answer that this page had before its undo; None for a page opened for the first time."""
        if attempt == 0:
            return None
        past = [r for r in self._store.history(self.rater) if (r.position, r.attempt, r.kind) == (position, attempt - 1, "answer")]
        return past[0].answer if past else None
