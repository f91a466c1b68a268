"""What parts that are not radbench's own say of closed data reaches no terminal, log, run.json or summary, by whatever way they say it."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from pathlib import Path

import pytest
import yaml

from radbench.cli import main
from radbench.folder import find_runs

SECRET = "Mrs Smith has a nodule of 9 mm"

# A data set, a protocol, a model, a metric and an annotator that say what they read, at one place of their work (`at`), by one way (`how`).
PARTS = """
import json
import logging
import sys
import threading
import warnings

import numpy as np

from radbench import Reply, Sample, SumMetric, register
from radbench.errors import ContentError, DataError, DataTermsError, RunError, ScoringError, SampleModelError
from radbench.metrics.base import Ask, Excluded
from radbench.protocols.vqa import Vqa
from radbench.sample import Request, Text, Turn, Unparsed

KNOWN = {error.__name__: error for error in (ContentError, DataError, DataTermsError, RunError, ScoringError, SampleModelError, ValueError)}
SEEN = []


class Talker:
    at = how = ""

    def tell(self, at, text):
        if at != self.at:
            return
        if self.how == "log":
            logging.getLogger("radbench.plugin").warning("read: %s", text, stacklevel=3)
            try:
                raise KeyError(text)
            except KeyError:
                logging.getLogger("plugin").exception(text)
        elif self.how == "warning":
            warnings.warn(text, UserWarning, stacklevel=3)
        elif self.how == "path":
            open(text)
        elif self.how == "exit":
            sys.exit(text)
        elif self.how == "chain":
            try:
                raise KeyError(text)
            except KeyError as error:
                raise ValueError(f"not known: {text}") from error
        elif self.how == "thread":
            thread = threading.Thread(target=self.fail, args=(text,))
            thread.start()
            thread.join()
        else:
            raise KNOWN[self.how](text)

    def fail(self, text):
        raise ValueError(text)


@register("dataset", "telling-rows")
class TellingRows(Talker):
    def __init__(self, *, split: str, root, at: str = "", how: str = "", access: str = "credentialed"):
        self.at, self.how, self.access, self.roots = at, how, access, {}
        self.rows = [json.loads(line) for line in (root / "rows.jsonl").read_text().splitlines()]
        SEEN[:] = [self.rows[0]["text"]]
        self.tell("made", SEEN[0])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        self.tell("item", row["text"])
        return Sample(id=row["id"], texts={"question": row["text"]}, references=(Text("yes"),))

    def check(self):
        return [self.rows[0]["text"]] if self.at == "reason" else []


@register("protocol", "telling-vqa")
class TellingVqa(Talker, Vqa):
    def __init__(self, *, at: str = "", how: str = "", **options):
        self.at, self.how = at, how
        super().__init__(form="open", **options)

    def ask(self, sample, **more):
        self.tell("ask", sample.texts["question"])
        return super().ask(sample, **more)

    def read(self, sample, reply):
        if self.at == "reason":
            return Unparsed(sample.texts["question"])
        self.tell("read", sample.texts["question"])
        return super().read(sample, reply)


@register("model", "telling")
class Telling(Talker):
    batch_size = 2

    def __init__(self, *, at: str = "", how: str = ""):
        self.at, self.how = at, how
        self.tell("built", SEEN[0] if SEEN else "")

    def load(self, reader):
        self.tell("load", SEEN[0] if SEEN else "")

    def identity(self):
        return {"at": self.at}

    def generate(self, requests):
        text = str(requests[0].turns[-1].parts)
        if self.at == "reply":
            return [Reply(error=str(request.turns[-1].parts)) for request in requests]
        self.tell("generate", text)
        return [Reply(output="yes") for _ in requests]


@register("model", "streaming")
class Streaming(Telling):
    def exchange(self, earlier=()):
        return Exchange(self)


class Exchange:
    stopped = remark = ""

    def __init__(self, model):
        self.model, self.held = model, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, key, request):
        self.held.append((key, request))

    def collect(self):
        held, self.held = self.held, []
        text = str([request.turns for _, request in held])
        if self.model.at == "stopped":
            self.stopped = self.stopped or text
            return []
        if self.model.at == "remark":
            self.remark = text
        return [(key, reply) for key, request in held for reply in self.model.generate([request])]


@register("metric", "telling-share")
class TellingShare(Talker, SumMetric):
    name = "telling-share"
    columns = ("n",)
    seen = ""

    def __init__(self, *, at: str = "", how: str = "", asks: bool = False):
        self.at, self.how = at, how
        self.annotators = ("asked",) if asks else ()
        self.tell("built", SEEN[0] if SEEN else "")

    def asks(self, case, replies):
        ask = Ask("asked", Request(turns=(Turn("user", (case.sample.texts["question"],)),)))
        return [ask] if self.annotators and not replies else []

    def prepare(self, cases):
        self.seen = [case.sample.texts.get("question", "") for case in cases][0]
        self.tell("prepare", self.seen)

    def row(self, case):
        if self.at == "reason":
            return Excluded(case.sample.texts["question"])
        self.tell("row", case.sample.texts.get("question", ""))
        return np.array([1.0])

    def value(self, sums):
        self.tell("value", self.seen)
        return {"telling-share": sums[:, 0]}
"""

RAISED = ["ContentError", "DataError", "DataTermsError", "RunError", "ScoringError", "SampleModelError", "ValueError"]
SAID = ["chain", "path", "exit", "log", "warning", "thread"]
TOLD = ["ContentError", "log", "warning"]
SAYING = {"reply", "stopped", "remark", "reason"}  # what is told is a part of an answer
PLACES = [
    *(("dataset", at) for at in ("made", "item", "reason")),
    *(("protocol", at) for at in ("ask", "read", "reason")),
    *(("model", at) for at in ("built", "load", "generate", "reply", "stopped", "remark")),
    *(("metric", at) for at in ("built", "prepare", "row", "value", "reason")),
    *(("annotator", at) for at in ("built", "load", "generate", "reply")),
]


class Talk:
    """A task whose parts tell what they read, and the commands that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "runs"
        (folder / "parts.py").write_text(PARTS)
        (folder / "data").mkdir()
        rows = ({"id": f"q{i}", "text": f"{SECRET}, line {i}?"} for i in range(4))
        (folder / "data" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def tells(self, part: str = "", at: str = "", how: str = "", *, access: str = "credentialed") -> None:
        """Write the cards anew: one part tells, the others keep still."""
        of = {name: {"at": at, "how": how} if name == part else {} for name in ("dataset", "protocol", "model", "metric", "annotator")}
        metrics = [{"telling-share": {**of["metric"], "asks": part == "annotator"}}, "answer-text"]
        task = {
            "title": "Told",
            "ask": {
                **{"version": 1, "dataset": "telling-rows", "dataset_options": {"access": access, **of["dataset"]}, "split": "test"},
                **{"protocol": "telling-vqa", "options": of["protocol"]},
            },
            "score": {"metrics": metrics, "primary": "telling-share", "cluster": "patient"},
            "hashes": {1: "0" * 16},
        }
        family = "streaming" if at in {"stopped", "remark"} else "telling"
        cards = {
            "told.questions": task,
            "teller": {"title": "Teller", "family": family, "arguments": of["model"]},
            "asked": {"title": "Asked", "family": "telling", "arguments": of["annotator"]},
            "told-board": {"title": "Told", "columns": [{"task": "told.questions", "value": "telling-share"}]},
        }
        for name, card in cards.items():
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(card))

    def commands(self) -> list[list[str]]:
        """All that handles the data: first the run, and in the end what reads it."""
        data, out = ["--data-dir", f"telling-rows={self.folder / 'data'}"], ["--out", str(self.out)]
        known = ["--catalog", str(self.folder)]
        run = next(iter(map(str, self.out.glob("*/*/*"))), "")
        return [
            ["run", "--model", "teller", "--task", "told.questions", *known, *data, *out, "--draws", "5"],
            ["score", str(self.out), *known, *data, "--draws", "5"],
            *([["show", run, "--out", str(self.out)]] if run else []),
            ["validate", "told.questions", "teller", "telling-share", "asked", str(self.folder / "parts.py"), *known, *data],
            ["table", "told-board", *known, "--runs", str(self.out)],
            ["doctor", "told.questions", "teller", *known, *data],
        ]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def left(arguments: list[str]) -> int:
    """The exit status of a command, its warnings shown as they would be outside of tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(SystemExit) as leaving:
            main(arguments)
    assert isinstance(leaving.value.code, int | None)
    return leaving.value.code or 0


def kept(out: Path) -> str:
    """All that runs and summaries hold, and the errors of journals."""
    texts = [file.read_text() for file in out.rglob("*.json")]
    lines = [json.loads(line) for file in out.rglob("*.jsonl") if file.name != "samples.jsonl" for line in file.read_text().splitlines()]
    return "\n".join([*texts, *(str(line.get("error")) for line in lines)])


@pytest.mark.parametrize("hows", [["ContentError", "log"], pytest.param([*RAISED, *SAID], marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize(("part", "at"), PLACES)
def test_no_way_of_telling_closed_data_reaches_anybody(
    talk: Talk, part: str, at: str, hows: list[str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    talk.tells()
    assert left(talk.commands()[0]) == 0  # a run that later commands find, with nothing told
    for how in [""] if at in SAYING else hows:
        talk.tells(part, at, how)
        for command in talk.commands():
            left([*command, "--debug"])
            told = "".join(capsys.readouterr()) + caplog.text + kept(talk.out)
            assert "Smith" not in told, (how, command[0], told)
            caplog.clear()


@pytest.mark.parametrize(("part", "at", "how"), [(*place, how) for place in PLACES for how in ([""] if place[1] in SAYING else TOLD)])
def test_of_open_data_all_is_told(
    talk: Talk, part: str, at: str, how: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    talk.tells(part, at, how, access="open")

    run, *_, doctor = talk.commands()
    left(run)
    left(doctor)

    assert SECRET in "".join(capsys.readouterr()) + caplog.text + kept(talk.out)


def test_a_command_leaves_logs_warnings_and_threads_as_they_were(talk: Talk):
    before = logging.getLogRecordFactory(), warnings.showwarning, threading.excepthook, sys.unraisablehook
    talk.tells()

    left(talk.commands()[0])

    assert (logging.getLogRecordFactory(), warnings.showwarning, threading.excepthook, sys.unraisablehook) == before


def test_of_closed_data_the_kind_the_place_and_the_code_are_told(talk: Talk, capsys: pytest.CaptureFixture[str]):
    talk.tells("dataset", "made", "DataError")

    assert left(talk.commands()[0]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("radbench: DataError at parts.py:")
    assert ": `raise KNOWN[self.how](text)`; the words of code that is not radbench's are not told" in line


def test_a_reply_that_tells_an_error_fails_with_a_sentence_of_radbenchs_own(talk: Talk):
    talk.tells("model", "reply")

    assert left(talk.commands()[0]) == 1
    (folder,) = find_runs(talk.out)
    assert folder.read_summary().failed == {"the model gave an error; its words are not told, for they may quote closed data": 4}
