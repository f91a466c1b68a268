"""How RadGraph cuts a report: into words, as its training data were cut, and into the pieces its encoder reads.

Source: Stanford-AIMI/radgraph 0.1.18, radgraph/utils.py (words); AllenNLP's mismatched transformer indexer and embedder as
that package carries them (pieces). The models were trained on such cuts, so their oddities are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from radbench.extras import need

_V1_SIGN: Final = re.compile(r"[/,:.!?()]")
_XL_TOKEN: Final = re.compile(r"\w+|[^\w\s]+")  # nltk's wordpunct_tokenize
_XL_ESCAPES: Final = (("\\n", "  "), ("\\f", "  "), ("\\u2122", "      "), ("\n", " "), ('\\"', "``"))
_XL_REPAIRS: Final = ((").", ") ."), ("%.", "% ."), (".'", ". '"), ("%,", "% ,"), ("%)", "% )"))


def v1_words(report: str) -> list[str]:
    """The words that RadGraph v1 reads: blanks cut, and eight signs stand alone.

    >>> v1_words("Small (1.2cm) nodule; no effusion.")
    ['Small', '(', '1', '.', '2cm', ')', 'nodule;', 'no', 'effusion', '.']
    """
    return _V1_SIGN.sub(r" \g<0> ", report).split()


def xl_words(report: str) -> list[str]:
    """The words that RadGraph-XL and its modern kin read: runs of letters and digits, runs of signs.

    >>> xl_words("Opacity (50%). T2-weighted.")
    ['Opacity', '(', '50', '%', ')', '.', 'T2', '-', 'weighted', '.']
    """
    for old, new in _XL_ESCAPES:
        report = report.replace(old, new)
    joined = " ".join(_XL_TOKEN.findall(report))
    for old, new in _XL_REPAIRS:
        joined = joined.replace(old, new)
    return joined.split()


WORDS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "radgraph": v1_words,
    "radgraph-xl": xl_words,
    "modern-radgraph-xl": xl_words,
}


@dataclass(frozen=True, slots=True)
class Pieces:
    """One report as the encoder reads it."""

    windows: tuple[tuple[int, ...], ...]  # token ids, each window read for itself
    places: tuple[int, ...]  # where the pieces of all words stand in the joined windows, word after word
    counts: tuple[int, ...]  # how many places each word has; 0: the tokenizer makes nothing of it

    @property
    def n_pieces(self) -> int:
        """Pieces in all windows."""
        return sum(map(len, self.windows))


class Indexer:
    """Turns words into `Pieces`; each word is cut for itself, so what is known of it is remembered.

    Args:
        tokenizer: of transformers.
        max_length: tokens in a window, special ones among them; None: one window, however long.
    """

    def __init__(self, tokenizer: Any, max_length: int | None) -> None:  # noqa: ANN401  # no public type
        self._cut = tokenizer
        self._max_length = max_length
        self._is_bare = max_length is not None and is_bare(tokenizer)
        alone, framed = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (False, True))
        at = framed.index(alone[0])
        self._start, self._end = tuple(framed[:at]), tuple(framed[at + len(alone) :])
        self._known: dict[str, tuple[int, ...]] = {}

    def pieces(self, reports: Sequence[Sequence[str]]) -> list[Pieces]:
        """The pieces of each report's words."""
        new = list({word for words in reports for word in words} - self._known.keys())
        if new:
            ids = self._cut([_plain(word) for word in new], add_special_tokens=False)["input_ids"]
            self._known.update(zip(new, map(tuple, ids), strict=True))
        return [self._framed([self._known[word] for word in words]) for words in reports]

    def _framed(self, words: Sequence[tuple[int, ...]]) -> Pieces:
        ids = tuple(token for word in words for token in word)
        room = len(ids) if self._max_length is None else self._max_length - len(self._start) - len(self._end)
        parts = [ids[i : i + room] for i in range(0, len(ids), room)] if ids else [ids]
        joined = ids if self._is_bare else tuple(token for part in parts for token in (*self._start, *part, *self._end))
        longest = self._max_length or len(joined)
        windows = tuple(joined[i : i + longest] for i in range(0, len(joined), longest)) or ((),)
        firsts = accumulate((len(word) for word in words), initial=len(self._start))
        places = [self._places(range(first, first + len(word)), windows) for first, word in zip(firsts, words, strict=False)]
        return Pieces(windows, tuple(place for word in places for place in word), tuple(map(len, places)))

    def _places(self, pieces: range, windows: Sequence[Sequence[int]]) -> list[int]:
        """Positions in the joined windows of pieces numbered from the first start token on; those beyond the end have none.

        Of all windows but the first the start tokens, and of all but the last the end tokens, are skipped.
        """
        n_start, n_end = len(self._start), len(self._end)
        total = sum(map(len, windows))
        if len(windows) == 1:
            return [piece for piece in pieces if piece < total]
        longest = len(windows[0])
        inner = longest - n_start - n_end
        n_kept = total - (len(windows) - 1) * (n_start + n_end)
        places = []
        for piece in pieces:
            if piece < n_kept - n_end:
                window, at = divmod(piece - n_start, inner)
                places.append(window * longest + n_start + at)
            elif piece < n_kept:
                places.append(total - n_kept + piece)
        return places


def is_bare(tokenizer: Any) -> bool:  # noqa: ANN401  # no public type
    """True of a tokenizer without a class of its own, as ModernBERT's: no special tokens are set into its windows.

    So transformers 4, with which the weights were trained, builds inputs from ids. The words still keep the places that
    they would have behind a start token, each of them one too far.
    """
    transformers = need("transformers", extra="local", purpose="annotator `radgraph`")
    return type(tokenizer) is transformers.PreTrainedTokenizerFast


def _plain(word: str) -> str:
    return word[1:] if word in {"/.", "/?"} else word
