"""Replies of annotators and judges, asked once for all runs.

    annotations/<annotator>/<identity>/identity.json        what decides its replies: family, weights, settings
                                       <access>-*.jsonl     Prediction a line; the access class is that of the texts inside

Annotators are models of the catalogue like any other, answered by the same code as a run. Each process appends to a
file of its own and reads all of them, so several may score at the same time; equal requests have equal keys.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.errors import ContentError, DataTermsError, MissingDataError, ModelError, RadbenchError, RunError, WeightsError
from radbench.folder import read_lines, to_line
from radbench.media import Reader
from radbench.models.base import Model
from radbench.records import Prediction, extend
from radbench.running import provenance
from radbench.running.answering import open_exchange
from radbench.running.estimates import Estimate
from radbench.running.journal import Journal, own_file
from radbench.running.requests import Keys, fingerprint, render
from radbench.sample import Reply, Request
from radbench.terms import Access, endpoint_of, guard, told

_IDENTITY = "identity.json"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Annotator:
    """One annotator as this process knows it."""

    folder: Path
    identity: Mapping[str, Any]
    keys: Keys
    known: dict[str, Reply]
    model: Model | None  # None: its stored replies are all there is
    asked: list[Reply] = field(default_factory=list)  # by this process: what a budget counts
    faults: Counter[str] = field(default_factory=Counter)  # reason -> questions that failed


@dataclass(slots=True)
class Annotators:
    """Answers requests to annotators by name: from the store where it can, by loading the annotator where it must."""

    catalog: Catalog
    store: Path
    mode: Literal["ask", "stored", "count"] = "ask"  # stored: ask nobody; count: ask nobody, but load to know what would be asked
    agreement: Mapping[str, str] | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)  # annotator, its name with dashes -> where its weights lie
    identities: Mapping[str, str] = field(default_factory=dict)  # of stored replies only: annotator -> how the identity meant begins
    halted: str = ""  # why nobody is asked any more; "" while they are
    refusals: list[str] = field(default_factory=list)  # what data terms kept from being asked while scoring
    unanswered: Counter[str] = field(default_factory=Counter)  # annotator -> distinct requests without a stored reply, unless asked
    estimates: dict[str, Estimate] = field(default_factory=dict)  # annotator -> what those requests would take, where they are counted
    _models: dict[str, Model] = field(default_factory=dict)
    _found: dict[str, _Annotator] = field(default_factory=dict)

    def check(self, name: str, access: Access, *, metric: str) -> None:
        """Make sure, before anything is asked of anyone, that a metric may ask an annotator and that it is ready, its key at hand.

        Weights that a card expects in a place where they are not cost the metric alone: they are a warning.

        Raises:
            DataTermsError: the annotator is external and the data closed, without an agreement.
            ContentError: there is no such annotator, its key is not set, or it has no weights where the caller says they lie.
        """
        is_new = name not in self._models
        try:
            model = self._model(name, access)
            if endpoint_of(model) is not None:
                self._annotator(name, access)  # which reads its key, and nothing else
            elif is_new:
                self._check_weights(name, metric)
        except DataTermsError as error:
            raise DataTermsError(f"metric {metric}: {told(error, access)}") from error
        except RadbenchError as error:
            raise ContentError(f"metric {metric} asks `{name}`, which cannot be asked: {told(error, access)}") from error

    def answer(self, name: str, requests: Sequence[Request], access: Access) -> list[Reply]:
        """One reply a request, in order; failed ones are not kept and are asked again next time.

        Raises:
            DataTermsError: the annotator is external and the data closed, without an agreement.
            UnknownNameError, WeightsError, MissingPackageError: there is no such annotator, or it cannot be loaded.
            MissingDataError: only stored replies may be used, and there are none of this annotator.
            RunError: nobody is asked any more.
        """
        if self.halted:
            raise RunError(self.halted)
        found = self._annotator(name, access)
        wanted = [found.keys.of(request)[0] for request in requests]
        new = {key: request for key, request in zip(wanted, requests, strict=True) if key not in found.known}
        failed: dict[str, Reply] = {}
        if new and self.mode == "ask":
            failed = self._ask(found, new, access)
        elif new:
            self.unanswered[name] += len(new)
            self._estimate(name, new.values())
            failed = dict.fromkeys(new, Reply(error="not among the stored replies"))
        return [found.known.get(key) or failed[key] for key in wanted]

    def _estimate(self, name: str, requests: Iterable[Request]) -> None:
        if self.mode == "count":
            estimate = self.estimates.setdefault(name, Estimate(self.catalog.model(name).options()))
            for request in requests:
                estimate.add(request)

    def estimated(self) -> list[dict[str, Any]]:
        """What each annotator would be asked that has no stored reply, and the price by its card."""
        return [
            {"annotator": name, "n_requests": one.n_requests, **one.told(self._found[name].known.values())}
            for name, one in self.estimates.items()
        ]

    def identity(self, name: str) -> str:
        """8 hex digits of the identity of an annotator that has answered."""
        return self._found[name].folder.name[:8]

    def faults(self, name: str) -> list[str]:
        """Why questions to an annotator failed, one sentence a reason."""
        return [f"{count} questions to {name} failed: {reason}" for reason, count in self._found[name].faults.items()]

    def _ask(self, found: _Annotator, new: Mapping[str, Request], access: Access) -> dict[str, Reply]:
        """Ask what is new and keep what comes back, as it comes; the failed replies, by key."""
        failed = dict.fromkeys(new, Reply(error="not asked"))
        if found.model is None:
            return failed
        if not (found.folder / _IDENTITY).exists():
            found.folder.mkdir(parents=True, exist_ok=True)
            (found.folder / _IDENTITY).write_text(json.dumps(found.identity, indent=1) + "\n", "utf-8")
        source, under_way = iter(new.items()), dict[str, Request]()
        with Journal(own_file(found.folder, access)) as journal, open_exchange(found.model, found.asked, access) as exchange:
            while True:
                for key, request in islice(source, found.model.batch_size - len(under_way)):
                    exchange.submit(key, request)
                    under_way[key] = request
                replies = exchange.collect() if under_way else ()
                today = provenance.today()
                for key, bare in replies:
                    reply = extend(Prediction, bare, key=key, sample_id="", prompt=render(under_way.pop(key)), asked=today)
                    journal.append(to_line(reply))
                    failed[key] = reply
                    found.asked.append(reply)
                    if reply.error is None:
                        found.known[key] = failed.pop(key)
                if not replies:
                    break
        if exchange.remark:
            _log.warning("annotator %s: %s", found.folder.parent.name, exchange.remark)
        found.faults.update(exchange.stopped or str(reply.error) for reply in failed.values())
        return {key: Reply(error=exchange.stopped) if exchange.stopped and key in under_way else reply for key, reply in failed.items()}

    def _annotator(self, name: str, access: Access) -> _Annotator:
        """The annotator, found or loaded once; data terms are kept before each use."""
        if self.mode == "stored":
            if name not in self._found:
                folder, identity = _only_identity(self.store / name, self.identities.get(name, ""))
                self._found[name] = _Annotator(folder, identity, Keys(identity), _known(folder), None)
            return self._found[name]
        model = self._model(name, access)
        if name not in self._found:
            self._load(name, model, access)
            identity = {"family": self.catalog.model(name).family, **model.identity()}
            folder = self.store / name / fingerprint(identity)[:16]
            self._found[name] = _Annotator(folder, identity, Keys(identity), _known(folder), model)
        return self._found[name]

    def _model(self, name: str, access: Access) -> Model:
        """The annotator as it is before it is loaded, once the data's terms allow to ask it."""
        if name not in self._models:
            card = self.catalog.model(name)
            weights = self.weights.get(canonical(name))
            options = card.options({"weights": str(weights)} if weights else None)
            self._models[name] = self.catalog.build("models", card.family, options, where=card.where)
        model = self._models[name]
        guard(access, endpoint_of(model), self.agreement, what="this run's text", to=f"annotator {name}")
        return model

    def _load(self, name: str, model: Model, access: Access) -> None:
        try:
            model.load(Reader({}))
        except WeightsError as error:  # a reader knows its family, and not whose weights it was to read
            raise error if f"`{name}`" in str(error) else WeightsError(f"annotator `{name}`: {error}") from error
        except RadbenchError:
            if self.mode != "count" or endpoint_of(model) is None:
                raise
            # what answers elsewhere has no weights, so a key that is not set changes nothing of what would be asked
        except Exception as error:  # someone else's code: anything can happen in it
            raise ModelError(f"annotator {name} cannot be loaded: {told(error, access)}") from error

    def _check_weights(self, name: str, metric: str) -> None:
        """See whether weights are where they are said to lie; hub ids, which have a revision, are looked up when loaded."""
        card = self.catalog.model(name)
        stated = self.weights.get(canonical(name))
        weights = stated or (card.options().get("weights") if card.weights and card.weights.path else None)
        if weights is None or Path(str(weights)).expanduser().exists():
            return
        if stated:
            raise WeightsError(f"no weights at `{weights}`: mend --weights {name}=PATH, or the config file")
        _log.warning("metric %s will not be measured: no weights of `%s` at %s; `radbench score` measures it later", metric, name, weights)


def _known(folder: Path) -> dict[str, Reply]:
    """The stored replies by key, without the prompts, which take most of the memory and which nobody reads again."""
    lines = (line for file in sorted(folder.glob("*.jsonl")) for line in read_lines(file, Prediction))
    return {line.key: replace(line, prompt="") for line in lines if line.error is None}


def _only_identity(folder: Path, begins: str) -> tuple[Path, dict[str, Any]]:
    """The folder of the one identity, among those that begin so, whose replies are stored, and that identity."""
    found = sorted(file.parent for file in folder.glob(f"{begins}*/{_IDENTITY}"))
    if not found:
        wanted = f"{folder}/{begins}{'...' if begins else '<identity>'}/{_IDENTITY}"
        raise MissingDataError(f"no replies of `{folder.name}` are stored in {folder.parent}: expected {wanted}")
    if len(found) > 1:
        listed = ", ".join(path.name for path in found)
        raise ContentError(f"{folder} holds replies of {len(found)} identities ({listed}): leave the one that is meant")
    identity: dict[str, Any] = json.loads((found[0] / _IDENTITY).read_text("utf-8"))
    return found[0], identity
