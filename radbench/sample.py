"""The vocabulary of radbench: what is asked, what is answered, what is measured. Plain frozen records.

    Sample --ask--> Request --model--> Reply --read--> Answer;   Sample + Answer (+ annotations) = Case --measure--> rows

Every other room imports these types; they import nothing but the standard library and numpy (for `Vectors` and `HeatMap`, when asked).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ImageMode: TypeAlias = Literal["real", "blank", "swapped", "noise", "none"]
AnswerMode: TypeAlias = Literal["free", "letter", "ranked"]
RequestKind: TypeAlias = Literal["generate", "rank", "embed", "annotate"]
Role: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One image, volume or DICOM series folder: where it lies and what a reader of images must know about it."""

    name: str  # the data set below whose folder `path` lies; `--data-dir NAME=PATH` says where that is
    path: str  # relative, with forward slashes; the suffix names the format
    data: bytes | None = field(default=None, repr=False)  # the encoded file itself, where it lies in no file
    ndim: Literal[2, 3] = 2  # 3: a volume, or a series that is one
    modality: str = ""  # DICOM code: CR, DX, CT, MR, US, NM, MG, PT ...
    view: str = ""  # PA, AP, lateral, CC, MLO ...
    laterality: str = ""  # left, right
    series: str = ""  # series or sequence: T1, FLAIR ...
    phase: str = ""  # contrast phase: arterial, portal venous ...
    study_date: str = ""  # ISO date, as far as the data set tells it
    is_prior: bool = False  # of an earlier study than the one asked about
    edits: tuple[str, ...] = ()  # changes made after decoding, in order: "blank", "noise:<seed>" (radbench.media)
    size: int = 0  # bytes; 0 until first read
    digest: str = ""  # sha256 of the file's bytes (of a folder: of its files' digests); "" until first read


Part: TypeAlias = str | Media


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel box in original pixels: x to the right, y down, the lower ends belonging to the box."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str = ""
    score: float | None = None  # the model's confidence, higher is surer; None where it offers none


@dataclass(frozen=True, slots=True)
class Text:
    """Free text: a report, a section, an open answer."""

    text: str
    sections: Mapping[str, str] = field(default_factory=dict)  # findings, impression ... where the text has them


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the sample's options, with a probability per option where the model offers them."""

    label: str
    scores: Mapping[str, float] = field(default_factory=dict)  # option -> probability in [0, 1]
    rationale: str = ""  # the reasons given with the choice, where the task asks for them


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels said to be present, out of the sample's options; with a probability per label where offered."""

    labels: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes in original pixels; none at all is an answer too (nothing to be seen)."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """Points (x, y) in original pixels."""

    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Embeddings, one a row, kept as base64 of little-endian float16: of a retrieval sample first image, then text."""

    float16: str
    shape: tuple[int, int]

    @classmethod
    def of(cls, rows: NDArray[np.floating]) -> Vectors:
        """Pack an array of shape (n, dimension)."""
        n, dimension = rows.shape
        return cls(base64.b64encode(rows.astype("<f2").tobytes()).decode("ascii"), (int(n), int(dimension)))

    def array(self) -> NDArray[np.float32]:
        """The rows as float32, shape (n, dimension)."""
        import numpy as np

        return np.frombuffer(base64.b64decode(self.float16), dtype="<f2").reshape(self.shape).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Abstained:
    """The model said that it cannot tell; as a reference: the question has no answer."""

    phrase: str  # the words used


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply that the protocol could not read as an answer, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Where a model says it looked: weights over one medium of its request, kept as base64 of bytes (255: the largest)."""

    uint8: str
    shape: tuple[int, ...]  # (rows, columns) of an image, (slices, rows, columns) of a volume; any resolution, over the whole of it
    media: int = 0  # which medium of the sample, from 0

    @classmethod
    def of(cls, weights: NDArray[np.generic], media: int = 0) -> HeatMap:
        """Pack weights of shape (rows, columns) or (slices, rows, columns), finite and not negative; the largest becomes 255.

        Raises:
            ValueError: another shape, nothing in it, or weights that are negative or no numbers.
        """
        import numpy as np

        if weights.ndim not in (2, 3) or not weights.size:
            raise ValueError(f"a heat map has shape (rows, columns) or (slices, rows, columns), not {weights.shape}")
        values = weights.astype(np.float64)
        if not np.isfinite(values).all() or values.min() < 0:
            raise ValueError("the weights of a heat map are finite and not negative")
        scaled = np.rint(values * (255 / (values.max() or 1.0))).astype(np.uint8)
        return cls(base64.b64encode(scaled.tobytes()).decode("ascii"), tuple(map(int, weights.shape)), media)

    def array(self) -> NDArray[np.uint8]:
        """The weights as bytes, in the shape stated."""
        import numpy as np

        return np.frombuffer(base64.b64decode(self.uint8), dtype=np.uint8).reshape(self.shape)


Answer: TypeAlias = Text | Choice | LabelSet | Boxes | Points | Vectors | Abstained | Unparsed
Reference: TypeAlias = Text | Choice | LabelSet | Boxes | Points | Abstained  # told apart on disk by their first field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One item of a data set: what can be shown and asked, and what people hold to be right."""

    id: str
    media: tuple[Media, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)  # by role: question, indication, prior, findings, passage ...
    options: tuple[str, ...] = ()  # the labels an answer may take, in the order shown; graded ones in rising order
    references: tuple[Reference, ...] = ()  # any one of them is right
    cluster: str = ""  # patient, else study; "": a cluster of its own
    subgroups: Mapping[str, str] = field(default_factory=dict)  # modality, sex, question type ...: for selection, tables
    follows: str = ""  # id of the sample whose question and answer come just before in the same conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation: text and media interleaved, in the order shown."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is put before a model: a conversation and what is wanted of it.

    `options` are what an answer may be; none for an open question. Ranking scores all of them; other kinds may use them,
    for structured output, say. They are no part of the conversation: what a model must be told stands in the turns.

    `generate`: go on with text. `rank`: a log-likelihood for each of `options` as the next message.
    `embed`: one vector for each part of the last turn. `annotate`: what an annotator finds in the text of the last turn.
    """

    sample_id: str = ""  # "" for annotators, whose equal requests are asked once
    kind: RequestKind = "generate"
    turns: tuple[Turn, ...]
    options: tuple[str, ...] = ()
    max_new_tokens: int | None = None  # the task's own limit; a model card's wins where it is lower


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens counted by the model or its server."""

    prompt: int
    output: int


FinishReason: TypeAlias = Literal["stop", "length", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: an output, or an error and never both."""

    output: str | Mapping[str, float] | Vectors | Boxes | None = (
        None  # text or JSON; option -> log-likelihood, label -> class; embeddings; boxes
    )
    error: str | None = None  # why there is no output: one line, without report text
    reasoning: str = ""  # thoughts kept apart from the answer by the model's own format
    finish_reason: FinishReason = "stop"
    heat_maps: tuple[HeatMap, ...] = ()  # where the model looked, where it can tell; shown, never scored
    served_model: str = ""  # what the server says it ran
    tokens: Tokens | None = None
    seconds: float = 0.0  # wall time; of a batch, its share


@dataclass(frozen=True, slots=True)
class Case:
    """What a metric sees: a sample, the answer to it (None: no reply, or a refusal), and its own annotations."""

    sample: Sample
    answer: Answer | None
    repeat: int = 0
    annotations: tuple[Reply, ...] = ()  # replies to the metric's own `asks`, in the order asked

    @classmethod
    def of(cls, candidate: str | Answer | None, references: Sequence[str | Reference], **sample: object) -> Case:
        """A case from plain texts or answers, for tests and for scoring texts without a task.

        >>> Case.of("No effusion.", ["Clear lungs."]).references
        ('Clear lungs.',)
        """
        wrapped = tuple(Text(r) if isinstance(r, str) else r for r in references)
        answer = Text(candidate) if isinstance(candidate, str) else candidate
        return cls(Sample(**{"id": "", "references": wrapped, **sample}), answer)  # type: ignore[arg-type]  # tests name fields

    @property
    def text(self) -> str:
        """The candidate text: free text, else the rationale of a choice, else its label; "" where nothing was read."""
        return as_text(self.answer)

    @property
    def references(self) -> tuple[str, ...]:
        """The reference texts, any one of which is right."""
        return tuple(map(as_text, self.sample.references))


def as_text(answer: Answer | None) -> str:
    """An answer as the text that text metrics compare; "" for boxes, points, vectors and for no answer."""
    match answer:
        case Text(text=text):
            return text
        case Choice(label=label, rationale=rationale):
            return rationale or label
        case LabelSet(labels=labels):
            return ", ".join(labels)
        case _:
            return ""
