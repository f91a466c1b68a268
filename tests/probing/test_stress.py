"""`radbench stress` on the demo: answers that never change keep what must stay and break what must change."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeModel

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard
from radbench.cli import main
from radbench.errors import ContentError
from radbench.evaluation import Asking, plan_all
from radbench.folder import RunFolder, find_runs
from radbench.probing.edited_plan import edited
from radbench.probing.inputs import INPUT_EDITS, Rule
from radbench.probing.stress_text import table
from radbench.probing.stressing import Reaction, Stress, stress
from radbench.records import Settings
from radbench.running.engine import Control
from radbench.sample import Media, Reply, Request
from radbench.statistics.proportions import wilson_interval

PAGE = (Path(__file__).parents[2] / "docs" / "probe.md").read_text("utf-8")
MUST_STAY: set[Rule] = {"keep", "no comparison", "no absent view"}


def status(command: str) -> int:
    try:
        main(shlex.split(command))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def stressed(out: Path, model: str | FakeModel, task: str, *names: str, limit: int | None = 24, draws: int = 400, **options: str) -> Stress:
    catalog = Catalog()
    asking = Asking(settings=Settings(limit=limit), model_options=options, out=out)
    instance = None if isinstance(model, str) else model
    card = catalog.model(model) if isinstance(model, str) else ModelCard(name="fake", title="fake", family="instance")
    (plan,) = plan_all(catalog, [card], [catalog.task(task)], asking, instance=instance)
    return stress(plan, names, asking, Control(), draws=draws)


def by_edit(found: Stress) -> dict[str, Reaction]:
    return {one.edit: one for one in found.reactions}


@pytest.mark.parametrize(
    ("model", "task", "options"),
    [
        ("constant", "demo.vqa", {"text": "yes"}),
        ("constant", "demo.vqa", {"text": "left"}),
        ("constant", "demo.findings", {"text": "nodule"}),
        ("constant", "demo.grounding", {"text": "[[10, 40, 20, 50]]"}),
        (
            "constant",
            "demo.report",
            {"text": "Findings: Small left pleural effusion. The heart is normal. Impression: Small left effusion."},
        ),
    ],
)
def test_constant_answers_keep_what_must_stay_and_break_what_must_change(tmp_path: Path, model: str, task: str, options: dict[str, str]):
    found = stressed(tmp_path, model, task, draws=0, **options)
    assert not found.problems
    n_judged = 0
    for one in found.reactions:
        if one.broken is not None and one.broken.n:
            assert one.broken.value == (0.0 if one.rule in MUST_STAY else 1.0)
            assert len(one.broken_samples) == one.broken.count
            n_judged += one.broken.n
        assert one.same.value in {1.0, None}
    assert n_judged
    assert {one.rule for one in found.reactions if one.broken and one.broken.n} & MUST_STAY


def seen_at(request: Request) -> Reply:
    """What a model says that sees all, of images whose edits it can read off: a side, and whether there is something."""
    media = next(part for turn in request.turns for part in turn.parts if isinstance(part, Media))
    said = " ".join(part for part in request.turns[-1].parts if isinstance(part, str))
    is_turned = "mirror" in media.edits
    if "which side" in said:
        return Reply(output="right" if is_turned else "left")
    return Reply(output="no" if "Is it true" in said else "yes")


def test_a_model_that_sees_all_breaks_nothing(tmp_path: Path):
    found = stressed(tmp_path, FakeModel(answer=seen_at), "demo.vqa", "mirror", "negation", "shuffle", "window", "paraphrase", limit=60)
    assert {one.edit: one.broken_samples for one in found.reactions} == dict.fromkeys(by_edit(found), ())
    reactions = by_edit(found)
    mirror, negation = reactions["mirror"], reactions["negation"]
    assert mirror.broken is not None
    assert mirror.broken.n > 10
    # right answers follow the edit, so that the value of such a model stays
    assert mirror.change is not None
    assert mirror.change.difference == 0.0
    assert negation.change is not None
    assert negation.change.difference == 0.0


def test_the_edit_is_part_of_what_is_asked_and_stands_in_the_run(tmp_path: Path):
    found = stressed(tmp_path, "constant-yes", "demo.vqa", "mirror", "images_blank", draws=0)
    mirror, blank = (RunFolder(Path(by_edit(found)[name].run)) for name in ("mirror", "images_blank"))
    run, plain = mirror.read_run(), RunFolder(Path(found.run)).read_run()
    assert run.task == "demo.vqa+mirror"
    assert run.task_card["ask"]["dataset_options"] == {"task": "vqa", "stress": "mirror"}
    assert len({run.ask_hash, plain.ask_hash}) == 2
    assert len({run.id, plain.id}) == 2
    assert all(sample.media[0].edits == ("mirror",) for sample in mirror.iter_samples())
    assert (blank.read_run().task, blank.read_run().settings.images) == ("demo.vqa", "blank")


def test_the_same_command_asks_nothing_twice_and_a_plain_run_is_used(tmp_path: Path):
    first, second = FakeModel(answer=seen_at), FakeModel(answer=seen_at)
    before = stressed(tmp_path, first, "demo.vqa", "shuffle", limit=12, draws=0)
    after = stressed(tmp_path, second, "demo.vqa", "shuffle", limit=12, draws=0)
    assert first.asked
    assert not second.asked
    assert before == after


def test_only_samples_that_change_are_asked_with_their_earlier_turns(tmp_path: Path):
    model = FakeModel(answer=seen_at)
    found = stressed(tmp_path, model, "demo.vqa", "negation", "shuffle", limit=30, draws=0)
    folders = {name: RunFolder(Path(one.run)) for name, one in by_edit(found).items()}
    negated = list(folders["negation"].iter_samples())
    assert {sample.id.rpartition("-")[2] for sample in negated} == {"presence"}
    shuffled = list(folders["shuffle"].iter_samples())
    assert {sample.follows for sample in shuffled} - {""} <= {sample.id for sample in shuffled}
    assert not any(sample.id.endswith("-main") for sample in shuffled)
    assert len(shuffled) < 30


def test_edits_that_apply_to_nothing_are_told_and_a_run_of_none_is_refused(tmp_path: Path):
    found = stressed(tmp_path, "constant-yes", "demo.text-qa", draws=0)
    assert set(by_edit(found)) == {"paraphrase"}
    assert set(found.inapplicable) == set(INPUT_EDITS) - {"paraphrase"}
    with pytest.raises(ContentError, match="no sample has what no_prior would change"):
        stressed(tmp_path, "constant-yes", "demo.text-change", "no_prior")  # without a prior there is nothing to ask
    with pytest.raises(ContentError, match="no edit `miror`; did you mean `mirror`"):
        stressed(tmp_path, "constant-yes", "demo.vqa", "miror")
    with pytest.raises(ContentError, match="--draws 10 is too few for 1 edits"):
        stressed(tmp_path, "constant-yes", "demo.vqa", "mirror", draws=10)
    assert "images_none" in stressed(tmp_path, "majority", "demo.retrieval", draws=0, limit=6).inapplicable


def test_the_change_of_auroc_has_a_test_and_thresholds_are_not_chosen_again(tmp_path: Path):
    found = stressed(tmp_path, "nearest-neighbour", "demo.diagnosis", "images_blank", "window", "negation", limit=None)
    changes = {name: one.change for name, one in by_edit(found).items()}
    blank, negation = changes["images_blank"], changes["negation"]
    assert blank is not None
    assert blank.p is not None
    assert blank.p < 0.01
    assert blank.ci is not None
    assert blank.ci[1] < 0
    assert negation is not None
    assert negation.p is None  # the truth was turned round
    assert not any(folder.read_run().data.split == "validation" for folder in find_runs(tmp_path / "demo.diagnosis+window"))


def test_shares_have_intervals_by_cluster(tmp_path: Path):
    found = by_edit(stressed(tmp_path, "nearest-neighbour", "demo.vqa", "mirror", "jpeg", limit=None))
    mirror, jpeg = found["mirror"].broken, found["jpeg"].broken
    assert mirror is not None
    assert mirror.n_clusters < mirror.n
    assert mirror.ci is not None
    assert mirror.value is not None
    assert mirror.ci[0] < mirror.value < mirror.ci[1]
    assert jpeg is not None
    assert jpeg.count == 0
    assert jpeg.ci == pytest.approx(wilson_interval(0, jpeg.n_clusters))


def test_the_change_is_that_of_the_values_and_p_is_corrected(tmp_path: Path):
    found = stressed(tmp_path, "nearest-neighbour", "demo.vqa", "images_blank", "images_noise", "paraphrase", limit=None)
    for one in found.reactions:
        assert one.change is not None
        values = [RunFolder(Path(path)).read_summary().values[0].value for path in (found.run, one.run)]
        assert (one.change.plain, one.change.edited) == pytest.approx(tuple(values))
    raw = np.array([one.change.p for one in found.reactions if one.change])
    adjusted = np.array([one.p_adjusted for one in found.reactions])
    assert adjusted[np.argmin(raw)] == pytest.approx(min(1, 3 * raw.min()))
    assert "Holm over 3 edits" in table(found)


@pytest.mark.parametrize("command", re.findall(r"^radbench (stress \S.*)$", PAGE, re.MULTILINE))
def test_every_command_of_the_page_works(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    assert status(command) == 0
    assert capsys.readouterr().out


def test_table_and_json_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    command = "stress --model constant-yes --task demo.vqa --edits negation,paraphrase --limit 20 --draws 400 --to out"
    assert status(command) == 0
    text = capsys.readouterr().out
    document: dict[str, Any] = json.loads((tmp_path / "out" / "stress.json").read_text())
    broken = document["reactions"][0]["broken"]
    assert (tmp_path / "out" / "stress.txt").read_text() == text
    assert f"negation: yes and no must change places; broken in {broken['count']} of {broken['n']} answers" in text
    assert f"{broken['count']}" == str(len(document["reactions"][0]["broken_samples"]))


@pytest.mark.parametrize(
    ("command", "leaves", "said"),
    [
        ("stress", 2, "needs --model and --task"),
        ("stress --model constant-yes --task demo.vqaa", 2, "did you mean"),
        ("stress --model constant-yes --task demo.vqa --edits paraphrase,no-prior --limit 4 --draws 0", 1, "not asked, since no sample"),
    ],
)
def test_slips_and_what_is_missing_are_told(
    command: str, leaves: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert status(command) == leaves
    told = capsys.readouterr()
    assert said in told.out + told.err


def test_a_plan_under_an_edit_learns_from_samples_as_they_are(tmp_path: Path):
    catalog = Catalog()
    (plan,) = plan_all(catalog, [catalog.model("majority")], [catalog.task("demo.vqa")], Asking(out=tmp_path))
    own = edited(plan, "mirror")
    assert own.dataset("train")[0] == plan.dataset("train")[0]
    assert own.dataset("test")[0].media[0].edits == ("mirror",)
    assert own.dataset("test")[0].subgroups["stress"] == "mirror"
