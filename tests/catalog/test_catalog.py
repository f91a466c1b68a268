"""The catalogue finds cards and components wherever they may lie, and says who is to blame where it cannot."""

from __future__ import annotations

import subprocess
import sys

import pytest

from radbench.catalog import CARD_KINDS, COMPONENT_KINDS, Catalog
from radbench.catalog.components import extra_of
from radbench.errors import ContentError, MissingPackageError, UnknownNameError
from radbench.metrics.bleu import Bleu

FLOOR = "title: A floor\nfamily: constant\n"
METRIC = """\
import numpy as np
from radbench.catalog import register
from radbench.metrics.base import SumMetric

@register("metric", "word-count")
class WordCount(SumMetric):
    "Words in the answer."
    name = "word-count"
    columns = ("words",)
    def __init__(self, *, per: int = 1):
        self.per = per
    def row(self, case):
        return np.array([len(case.text.split()) / self.per])
    def value(self, sums):
        return {"words": sums[:, 0]}
"""


def package(folder, monkeypatch, group: str, name: str, value: str) -> None:
    """An installed package that offers one component."""
    info = folder / "other_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[radbench.{group}]\n{name} = {value}\n")
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize("kind", CARD_KINDS)
def test_every_card_that_comes_with_radbench_is_valid(kind):
    catalog = Catalog()
    read = {"tasks": catalog.task, "adapters": catalog.model, "leaderboards": catalog.board}[kind]
    for name in catalog.names(kind):
        assert read(name).title == catalog.titles(kind)[name]


def test_every_family_of_a_card_that_comes_with_radbench_takes_its_options():
    catalog = Catalog()
    for name in catalog.names("adapters"):
        card = catalog.model(name)
        catalog.build("models", card.family, card.options(), where=card.where)


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_every_component_that_is_listed_can_be_imported(kind):
    catalog = Catalog()
    for entry in catalog.entries(kind):
        assert callable(catalog.component(kind, entry.name))
        assert entry.title


def test_shared_modules_are_no_components():
    assert not {"base", "tokens", "predictions", "reading", "prompts"} & {
        *Catalog().names("metrics"),
        *Catalog().names("models"),
        *Catalog().names("protocols"),
    }


def test_a_component_is_built_with_options_of_the_annotated_type():
    metric = Catalog().build("metrics", "bleu", {"case": "lower"})
    assert isinstance(metric, Bleu)


def test_an_unknown_name_gives_the_nearest_and_the_list():
    with pytest.raises(UnknownNameError, match=r"no metric `blue`; did you mean `bleu`\? The list: radbench ls metrics"):
        Catalog().component("metrics", "blue")
    with pytest.raises(UnknownNameError, match=r"no model `constant-ye`; did you mean `constant-yes`"):
        Catalog().model("constant-ye")


def test_a_bare_family_is_a_model(tmp_path):
    assert Catalog().model("replay").family == "replay"
    assert Catalog().model("nearest_neighbour").name == "nearest-neighbour"


def test_a_card_is_found_in_subfolders_directly_and_by_path(tmp_path):
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "one.yaml").write_text(FLOOR)
    (tmp_path / "two.yaml").write_text(FLOOR)
    catalog = Catalog([tmp_path])

    assert {"one", "two", "constant"} <= set(catalog.names("adapters"))
    assert catalog.model("one").file == tmp_path / "adapters" / "one.yaml"
    assert catalog.model("two").title == "A floor"
    assert Catalog().model(str(tmp_path / "two.yaml")).name == "two"
    assert "two" not in catalog.names("tasks")


def test_a_broken_card_stops_no_other(tmp_path):
    (tmp_path / "bad.yaml").write_text("family: [")
    (tmp_path / "good.yaml").write_text(FLOOR)
    catalog = Catalog([tmp_path])

    assert catalog.model("good").family == "constant"
    assert catalog.titles("adapters")["bad"] == ""


def test_two_cards_of_one_name_are_refused_unless_they_are_copies(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.yaml").write_text(FLOOR)
    catalog = Catalog([tmp_path / "a", tmp_path / "b"])
    assert catalog.model("m").file == tmp_path / "a" / "m.yaml"

    (tmp_path / "b" / "m.yaml").write_text(FLOOR + "arguments: {text: x}\n")
    with pytest.raises(ContentError, match="two different cards are named `m`"):
        catalog.model("m")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ContentError, match="does not exist"):
        Catalog([tmp_path / "none"])


def test_a_suite_is_the_tasks_that_begin_with_its_name(tmp_path):
    for name in ("mylab.b", "mylab.a", "mylabel.c"):
        (tmp_path / f"{name}.yaml").write_text("title: T\nask:\n")
    assert Catalog([tmp_path]).suite("mylab") == ["mylab.a", "mylab.b"]
    with pytest.raises(UnknownNameError, match="did you mean `mylab`"):
        Catalog([tmp_path]).suite("mylb")


@pytest.mark.parametrize(
    ("line", "title"),
    [("title: A: B", "A: B"), ('title: "Quoted"', "Quoted"), ("title: 'It is'  ", "It is"), ("# note\ntitle: Late", "Late")],
)
def test_titles_are_read_without_parsing(tmp_path, line, title):
    (tmp_path / "m.yaml").write_text(f"{line}\nfamily: constant\n")
    assert Catalog([tmp_path]).titles("adapters")["m"] == title


def test_a_file_in_a_further_folder_registers_a_component(tmp_path):
    (tmp_path / "words.py").write_text(METRIC)
    catalog = Catalog([tmp_path])

    assert catalog.build("metrics", "word_count", {"per": "2"}).per == 2
    assert "word-count" in catalog.names("metrics")
    assert next(e for e in catalog.entries("metrics") if e.name == "word-count").title == "Words in the answer."


def test_a_broken_file_stops_no_component_of_radbenchs_own(tmp_path):
    (tmp_path / "loud.py").write_text("raise RuntimeError('imported')")
    assert Catalog([tmp_path]).build("metrics", "bleu").name == "bleu"


def test_a_broken_file_is_marked_when_listed_and_named_when_something_is_not_found(tmp_path):
    (tmp_path / "bad.py").write_text("x = 1\nraise RuntimeError('oh')\n")
    catalog = Catalog([tmp_path])

    assert "bad.py:2: cannot be imported: RuntimeError: oh" in next(e for e in catalog.entries("metrics") if e.name == "bad").broken
    with pytest.raises(ContentError, match=r"bad.py:2"):
        catalog.component("metrics", "mine")
    with pytest.raises(ContentError, match=r"no model `mine`.*\n.*is broken:\n.*bad.py:2"):
        catalog.model("mine")


def test_a_file_that_leaves_the_program_is_as_broken_as_any_other(tmp_path):
    (tmp_path / "bad.py").write_text("raise SystemExit(3)\n")

    assert "bad.py:1: cannot be imported: SystemExit: 3" in next(e for e in Catalog([tmp_path]).entries("models") if e.name == "bad").broken


@pytest.mark.parametrize(
    "use",
    [
        lambda c: c.names("metrics"),
        lambda c: c.entries("metrics"),
        lambda c: c.has("metrics", "bleu"),
        lambda c: c.component("metrics", "bleu"),
    ],
)
def test_a_file_may_not_take_a_name_of_radbenchs_own(tmp_path, use):
    (tmp_path / "words.py").write_text(METRIC.replace("word-count", "bleu"))
    with pytest.raises(ContentError, match=r"two metrics are named `bleu`: that of .*words.py, and radbench's own"):
        use(Catalog([tmp_path]))


def test_a_file_may_not_take_a_name_of_a_package(tmp_path, monkeypatch):
    package(tmp_path, monkeypatch, "metrics", "word-count", "other_package_words:WordCount")
    (tmp_path / "words.py").write_text(METRIC)
    with pytest.raises(ContentError, match=r"two metrics are named `word-count`: that of .*words.py, and that of other-package"):
        Catalog([tmp_path]).component("metrics", "word-count")


def test_a_card_is_found_with_either_dash(tmp_path):
    (tmp_path / "mylab.chest-ct.yaml").write_text("title: T\nask:\n")
    (tmp_path / "my_floor.yaml").write_text(FLOOR)
    catalog = Catalog([tmp_path])

    assert catalog.has("tasks", "mylab.chest_ct")
    assert catalog.model("my-floor").name == "my_floor"


def test_a_card_that_names_what_does_not_exist_is_refused_with_line_and_key(tmp_path):
    (tmp_path / "m.yaml").write_text(FLOOR.replace("constant", "constand"))
    ask = "ask:\n  version: 1\n  dataset: jsonl\n  split: test\n  protocol: vqua\n"
    score = "score:\n  metrics:\n    - bleu\n    - blue\n  primary: bleu-4\n"
    (tmp_path / "a.b.yaml").write_text(f"title: T\n{ask}{score}")
    catalog = Catalog([tmp_path])

    with pytest.raises(ContentError, match=r"m.yaml:2: `family`: no model `constand`; did you mean `constant`"):
        catalog.model("m")
    with pytest.raises(ContentError) as caught:
        catalog.task("a.b")
    protocol, metric = str(caught.value).splitlines()
    assert "a.b.yaml:6: `ask.protocol`: no protocol `vqua`; did you mean `vqa`?" in protocol
    assert "a.b.yaml:10: `score.metrics.1`: no metric `blue`; did you mean `bleu`?" in metric


def test_a_package_offers_a_component_by_entry_point(tmp_path, monkeypatch):
    package(tmp_path, monkeypatch, "metrics", "word-count", "other_package_words:WordCount")
    (tmp_path / "other_package_words.py").write_text(METRIC.replace('@register("metric", "word-count")\n', ""))
    catalog = Catalog()

    assert "word-count" in catalog.names("metrics")
    assert "other_package_words" not in sys.modules
    assert catalog.build("metrics", "word-count").per == 1
    assert next(e for e in catalog.entries("metrics") if e.name == "word-count").source == "other-package"


def test_a_broken_package_is_marked_when_listed_and_blamed_when_asked_for(tmp_path, monkeypatch):
    package(tmp_path, monkeypatch, "models", "ghost", "no_such_module:Ghost")
    catalog = Catalog()

    assert "no_such_module" in next(e for e in catalog.entries("models") if e.name == "ghost").broken
    with pytest.raises(ContentError, match=r"the model `ghost` of other-package .* cannot be imported"):
        catalog.component("models", "ghost")
    assert callable(catalog.component("models", "constant"))


def test_a_component_whose_package_is_missing_says_what_it_needs(monkeypatch):
    monkeypatch.delitem(sys.modules, "radbench.metrics.bleu")
    monkeypatch.setitem(sys.modules, "numpy.typing", None)
    with pytest.raises(MissingPackageError, match="the metric `bleu` needs the package `numpy`: pip install numpy"):
        Catalog().component("metrics", "bleu")


def test_the_extra_that_brings_a_package_is_read_from_radbenchs_own_metadata():
    assert extra_of("torch") == "local"
    assert extra_of("no-such-package") == ""


def test_listing_two_hundred_cards_reads_no_yaml(tmp_path):
    for i in range(200):
        (tmp_path / f"suite.t{i:03}.yaml").write_text(f"title: Task {i}\nask: [this is parsed by nobody\n")
    code = (
        "import sys; from radbench.catalog import Catalog; n = len(Catalog([sys.argv[1]]).titles('tasks')); "
        "print(n, 'yaml' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    n, yaml, pydantic = done.stdout.split()
    assert int(n) >= 200
    assert (yaml, pydantic) == ("False", "False")
