"""Cross-modal retrieval: one image and the text that belongs to it, each as a vector; the pool is the task's samples."""

from __future__ import annotations

from collections.abc import Sequence

from radbench.errors import ContentError
from radbench.protocols._asking import first_reference, one_of
from radbench.protocols.base import History
from radbench.sample import Answer, AnswerMode, Reply, Request, Sample, Text, Turn, Unparsed, Vectors, as_text


class Retrieval:
    """Embeddings of an image and of its paired text.

    Samples: exactly one medium; the first reference is the paired text (Text), or its section `section` where that option
    is given. The request is of kind `embed`, its one turn holds the medium, then the text; the answer is Vectors of shape
    (2, dimension), image first.
    """

    answer_modes = ("free",)

    def __init__(self, *, section: str = "", answer: AnswerMode = "free", reader: str = "strict") -> None:
        one_of("answer", answer, self.answer_modes)
        one_of("reader", reader, ("strict",))
        self._section = section

    def ask(self, sample: Sample, *, shots: Sequence[Sample] = (), history: History = ()) -> Request:
        """The medium and the text to embed; solved examples and earlier turns have no place here.

        Raises:
            ContentError: not exactly one medium, or no text.
        """
        if shots or history:
            raise ContentError("retrieval embeds one image and one text: ask it with `shots: 0` and without conversations")
        if len(sample.media) != 1:
            raise ContentError(f"sample `{sample.id}`: retrieval needs exactly one image or volume, it has {len(sample.media)}")
        return Request(sample_id=sample.id, kind="embed", turns=(Turn("user", (sample.media[0], self.target(sample))),))

    def target(self, sample: Sample) -> str:
        """The paired text.

        Raises:
            ContentError: there is none.
        """
        reference = first_reference(sample)
        known = reference.sections if isinstance(reference, Text) else {}
        text = known.get(self._section, "") if self._section else as_text(reference)
        if not text:
            raise ContentError(f"sample `{sample.id}`: retrieval needs its paired text{self._section and f', section `{self._section}`'}")
        return text

    def read(self, sample: Sample, reply: Reply) -> Answer:  # noqa: ARG002  # the contract of a protocol
        """The two vectors; unparsed unless there are two of finite numbers."""
        import numpy as np

        output = reply.output
        if not isinstance(output, Vectors):
            return Unparsed("the output is no pair of vectors")
        if output.shape[0] != 2 or not output.shape[1]:
            return Unparsed("not one vector for the image and one for the text")
        return output if np.isfinite(output.array()).all() else Unparsed("a vector is not finite")
