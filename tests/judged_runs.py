"""A scored run whose judge quotes errors, for what shows them."""

from __future__ import annotations

from bench import Bench
from fakes import FakeModel

from radbench.sample import Reply

CANDIDATE = "A nodule of the <b>left</b> lung. Small effusion."
REFERENCE = "Small effusion. Old rib fracture."
ANSWER = """[Clinically Significant Errors]:
(a) False report: 1. Nodule of the <b>left</b> lung
(b) Missing: 2. old rib fracture; a scar <script>
[Clinically Insignificant Errors]:
(d) Severity: 2.
[Matched Findings]:
1. small effusion"""


def judged(bench: Bench, *, name: str = "judge") -> None:
    """Run and score the bench's first row with GREEN, judged by a model of this name's identity."""
    row = {"id": "q0", "question": "Report.", "answer": REFERENCE, "patient": "p0", "kind": "even", "image": [], "follows": ""}
    bench.write_rows([row])
    bench.models = {
        "fake": FakeModel(answer=lambda _: Reply(output=CANDIDATE)),
        "judge": FakeModel(answer=lambda _: Reply(output=ANSWER), name=name),
    }
    bench.score |= {"metrics": [{"green": {"judge": "judge"}}, "answer-text"], "primary": "green"}
    bench.write_card()
    bench.run(draws=0)
