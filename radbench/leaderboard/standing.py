"""Rank intervals and significance groups of a board: for each column, over the comparable models of one class of exposure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase
from typing import Final, TypeAlias

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import Column
from radbench.errors import RadbenchError, ScoringError
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Standing
from radbench.leaderboard.combined import Drawn, drawn_together
from radbench.leaderboard.comparing.aligned import align, listed
from radbench.leaderboard.comparing.comparison import ALPHA, LEVEL, POWER, ranged
from radbench.leaderboard.comparing.contenders import Contender
from radbench.leaderboard.comparing.sheet import CompareSettings, Sheet, sheets
from radbench.leaderboard.comparing.tabulating import MANY_GROUPS, entries
from radbench.leaderboard.exposure import Exposure
from radbench.scoring.stored import StoredRun
from radbench.statistics.multiplicity import adjusted
from radbench.statistics.planning import minimum_detectable_difference
from radbench.statistics.ranks import rank_intervals

_SEED: Final = 0
_LETTER: Final = re.compile(r"[a-z]\d*")  # the name of a group

Member: TypeAlias = tuple[int, Line, Cell]  # its row on the board


def infer(board: Board, catalog: Catalog, draws: int = 10_000) -> Board:
    """The board with the standing of each comparable model's cell.

    A column of several data sets has rank intervals alone: its clusters are drawn within each data set.
    """
    cells = [list(line.cells) for line in board.lines]
    inference = _Inference(catalog, draws)
    notes = list(board.notes)
    for place, column in enumerate(board.columns):
        taken = 0  # letters of the classes before: those of no two classes are the same
        for known, members in _classes(board, place).items():
            try:
                standings, left_out = inference.of(members, column)
            except RadbenchError as error:
                notes.append(f"{board.names[place]}, {known}: no ranks: {error}")
                continue
            if left_out:
                notes.append(f"{board.names[place]}, {known}: no ranks of {listed(left_out)}")
            for row, line, cell in members:
                if (own := standings.get(line.name)) is not None:
                    cells[row][place] = replace(cell, standing=replace(own, letters=_after(own.letters, taken)))
            taken += len({letter for own in standings.values() for letter in _LETTER.findall(own.letters)})
    lines = tuple(replace(line, cells=tuple(own)) for line, own in zip(board.lines, cells, strict=True))
    return replace(board, lines=lines, notes=tuple(notes))


def _after(letters: str, taken: int) -> str:
    """The letters that come as many places later in a, b ... z, a1, b1 ..."""
    places = [ascii_lowercase.index(name[0]) + len(ascii_lowercase) * int(name[1:] or 0) + taken for name in _LETTER.findall(letters)]
    return "".join(f"{ascii_lowercase[at % len(ascii_lowercase)]}{at // len(ascii_lowercase) or ''}" for at in places)


def _classes(board: Board, place: int) -> Mapping[Exposure, list[Member]]:
    """The ranked cells of a column by class, where there are two or more."""
    found: dict[Exposure, list[Member]] = {}
    for row, line in enumerate(board.lines):
        cell = line.cells[place]
        if cell is not None and cell.rank is not None:
            found.setdefault(cell.exposure, []).append((row, line, cell))
    return {known: members for known, members in found.items() if len(members) > 1}


class _Inference:
    """Tests and draws of one board; each run is opened once."""

    def __init__(self, catalog: Catalog, draws: int) -> None:
        self._catalog, self._draws = catalog, draws
        self._opened: dict[str, StoredRun] = {}

    def of(self, members: Sequence[Member], column: Column) -> tuple[dict[str, Standing], Sequence[str]]:
        """The standing of each member by its line's name, and one sentence on each that has none."""
        if len(column.task) > 1:
            return self._of_several(members, column), ()
        sheet = self._sheet(members, column.value)
        names = [contender.name for contender in sheet.aligned.contenders]
        p_adjusted = adjusted(sheet.p, sheet.settings.correction)
        differs: dict[str, set[str]] = {name: set() for name in names}
        for i, j in sheet.pairs[p_adjusted <= ALPHA].tolist():
            differs[names[i]].add(names[j])
            differs[names[j]].add(names[i])
        made, how = entries(sheet, p_adjusted), _said(sheet)
        if not np.isnan(sheet.p).any() and not any(entry.letters for entry in made):
            how = f"{how}; {MANY_GROUPS}"
        standings = {
            entry.name: Standing(*entry.rank_ci, entry.letters, frozenset(differs[entry.name]), how) for entry in made if entry.rank_ci
        }
        return standings, sheet.aligned.left_out

    def _sheet(self, members: Sequence[Member], value: str) -> Sheet:
        """The comparison of the runs behind the cells of one data set."""
        chosen = []
        for _, line, cell in members:
            (part,) = cell.parts
            key = str(part.folder.path)
            if key not in self._opened:
                self._opened[key] = StoredRun.open(part.folder, self._catalog)
            chosen.append((Contender(line.name, "model", self._opened[key], cell.exposure), part.value))
        aligned = align(chosen, [value])
        if not aligned.panel.names:
            raise ScoringError(f"`{value}` was chosen before anything was measured and has no rows")
        (sheet,) = sheets(aligned, CompareSettings(value=value, draws=self._draws, seed=_SEED), aligned.groups()[:1])
        return sheet

    def _of_several(self, members: Sequence[Member], column: Column) -> dict[str, Standing]:
        """Rank intervals from draws within each data set, which all models share."""
        parts = [[(part.folder, part.value) for part in cell.parts] for _, _, cell in members]
        made = drawn_together(parts, column.over, self._draws, _SEED, self._catalog)
        if (failed := next((one for one in made if isinstance(one, RadbenchError)), None)) is not None:
            raise failed
        draws = [one.drawn for one in made if isinstance(one, Drawn)]
        drawn = np.stack([own[: min(map(len, draws))] for own in draws], axis=1)  # none where one of them could not be drawn
        bounds = rank_intervals(drawn, LEVEL, lower_is_better=members[0][2].lower_is_better).tolist()
        how = f"ranks from {self._draws} draws of clusters within each data set, seed {_SEED}; pairs are not tested"
        return {line.name: Standing(low, high, "", frozenset(), how) for (_, line, _), (low, high) in zip(members, bounds, strict=True)}


def _said(sheet: Sheet) -> str:
    panel, swaps = sheet.aligned.panel, sheet.swaps
    how = "all swaps" if swaps.is_exact else f"{ranged(swaps.n_first, swaps.count)} draws, seed {swaps.seed}"
    n_pairs = f"{len(sheet.pairs)} {'pairs' if len(sheet.pairs) > 1 else 'pair'}"
    return (
        f"{sheet.test}, {sheet.settings.correction.capitalize()} over {n_pairs} at {ALPHA:g}, {how}, "
        f"{len(panel.weights)} cases of {panel.n_clusters} clusters ({sheet.aligned.cluster}){_detectable(sheet)}"
    )


def _detectable(sheet: Sheet) -> str:
    """The least true difference that such a test finds, of the median pair; nothing where a value is undefined in a draw."""
    if sheet.drawn.shape[-1] < 2 or np.isnan(sheet.drawn[0]).any():
        return ""
    spread = np.cov(sheet.drawn[0])
    first, second = sheet.pairs.T
    errors = np.sqrt(np.maximum(spread[first, first] + spread[second, second] - 2 * spread[first, second], 0))
    least = minimum_detectable_difference(float(np.median(errors)), ALPHA, POWER)
    return f"; finds a true difference of {least:.2g} with a power of {POWER:.0%} (median pair, before correction)" if least else ""
