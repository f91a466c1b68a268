"""From a draft and the runs to a frozen study: cases drawn, codes given, orders and sides balanced.

Cases, orders and sides follow from the seed alone; the codes of texts from a secret salt, so that a seed unblinds nobody.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from radbench.errors import ContentError
from radbench.ratings.studies.draft import Draft
from radbench.ratings.studies.material import Material, SourceCase
from radbench.ratings.studies.study import REFERENCE, SHUFFLED, Control, Item, Key, Showing, Study, StudyCase, code
from radbench.sample import Media


@dataclass(slots=True)
class _Drawn:
    """Items while they are made: `writers` says of each who wrote its texts."""

    salt: str
    items: list[Item] = field(default_factory=list)
    writers: dict[str, tuple[str, ...]] = field(default_factory=dict)  # item -> system of each arm
    texts: dict[str, str] = field(default_factory=dict)  # arm -> text
    systems: dict[str, str] = field(default_factory=dict)  # arm -> system

    def add(self, case: str, texts: Mapping[str, str], control: Control = "") -> Item:
        """An item of the texts of one system, or of two."""
        name = code(self.salt, case, *texts, control, prefix="i")
        arms = {code(self.salt, name, system): system for system in texts}
        item = Item(id=name, case=case, arms=tuple(sorted(arms)), control=control)
        self.items.append(item)
        self.writers[name] = tuple(arms[arm] for arm in item.arms)
        self.systems |= arms
        self.texts |= {arm: texts[system] for arm, system in arms.items()}
        return item


Fetch = Callable[[Mapping[str, str]], Mapping[str, tuple[Media, ...]]]  # sample id -> opaque name, to sample id -> its images


def draw(draft: Draft, material: Material, fetch: Fetch) -> tuple[Study, Key]:
    """The frozen study and its key; `fetch` lays the images of the cases drawn into the study's folder.

    Raises:
        ContentError: too few cases, or systems, for the draft.
    """
    if draft.mode == "ab" and len(material.systems) < 2:
        raise ContentError("a study of preferences needs the runs of two systems at least")
    salt = secrets.token_hex(16)
    chosen = _choose(draft, material)
    ids = {case.sample.id: code(salt, case.sample.id, prefix="c") for case in chosen}
    media = fetch(ids) if draft.images else {}
    drawn = _Drawn(salt)
    by_case = {case.sample.id: _items(drawn, ids[case.sample.id], case, draft) for case in chosen}
    n_shared = round(draft.overlap * len(chosen))
    shared = [item for case in chosen[:n_shared] for item in by_case[case.sample.id]]
    own: dict[str, list[Item]] = {rater.id: [] for rater in draft.raters}
    for k, case in enumerate(chosen[n_shared:]):
        own[draft.raters[k % len(own)].id] += by_case[case.sample.id]
    controls = list(_controls(drawn, chosen, ids, draft))
    sides = _sides(drawn, [*shared, *controls], own)
    orders = {
        rater: _order([_shown(item, sides[rater, item.id]) for item in (*shared, *controls, *items)], controls, draft, rater)
        for rater, items in own.items()
    }
    key = Key(salt=salt, systems=dict(sorted(drawn.systems.items())))
    cases = tuple(_case(case, ids[case.sample.id], draft, media.get(case.sample.id, ())) for case in chosen)
    study = Study(
        draft=draft,
        access=material.access,
        task=material.task,
        cases=tuple(sorted(cases, key=lambda case: case.id)),
        items=tuple(sorted(drawn.items, key=lambda item: item.id)),
        arms=dict(sorted(drawn.texts.items())),
        orders=orders,
        key_hash=key.digest,
        notes=material.notes,
    )
    return study.frozen(), key


def _choose(draft: Draft, material: Material) -> list[SourceCase]:
    """Cases in proportion to their strata (largest remainders), of different clusters first, in an order of chance."""
    if len(material.cases) < draft.cases:
        told = "".join(f"; {note}" for note in material.notes)
        raise ContentError(f"the study asks for {draft.cases} cases, and the runs have {len(material.cases)}{told}: ask for fewer")
    known = {name for case in material.cases for name in case.sample.subgroups}
    if unknown := [name for name in draft.strata if name not in known]:
        raise ContentError(f"strata: no sample has the subgroup `{unknown[0]}`; there are {', '.join(sorted(known)) or 'none'}")
    rng = Random(f"{draft.seed}|cases")
    pool = rng.sample(material.cases, len(material.cases))
    seen: Counter[str] = Counter()
    turns: dict[str, int] = {}
    for case in pool:
        cluster = case.sample.cluster or case.sample.id
        turns[case.sample.id] = seen[cluster]
        seen[cluster] += 1
    strata: dict[tuple[str, ...], list[SourceCase]] = defaultdict(list)
    for case in sorted(pool, key=lambda case: turns[case.sample.id]):
        strata[tuple(case.sample.subgroups.get(name, "") for name in draft.strata)].append(case)
    exact = {level: draft.cases * len(cases) / len(pool) for level, cases in strata.items()}
    counts = {level: int(share) for level, share in exact.items()}
    rest = sorted(exact, key=lambda level: (counts[level] - exact[level], level))
    for level in rest[: draft.cases - sum(counts.values())]:
        counts[level] += 1
    found = [case for level, cases in strata.items() for case in cases[: counts[level]]]
    return rng.sample(found, len(found))


def _items(drawn: _Drawn, case: str, source: SourceCase, draft: Draft) -> list[Item]:
    systems = sorted(source.candidates)
    groups = combinations(systems, 2 if draft.mode == "ab" else 1)
    return [drawn.add(case, {system: source.candidates[system] for system in group}) for group in groups]


def _controls(drawn: _Drawn, chosen: Sequence[SourceCase], ids: Mapping[str, str], draft: Draft) -> Iterator[Item]:
    """Items whose answer is known, seen by all raters; in pairs the control stands beside a system's text."""
    rng = Random(f"{draft.seed}|controls")
    kinds: list[tuple[Control, str, int]] = [
        ("reference", REFERENCE, draft.controls.reference),
        ("shuffled", SHUFFLED, draft.controls.shuffled),
    ]
    for control, writer, count in kinds:
        if count > len(chosen):
            raise ContentError(f"controls: {count} of the kind {control} need as many cases, and {len(chosen)} are drawn")
        for case in rng.sample(chosen, count):
            text = case.references[0] if control == "reference" else _strange(case, chosen, rng)
            texts = {writer: text}
            if draft.mode == "ab":
                system = rng.choice(sorted(case.candidates))
                texts[system] = case.candidates[system]
            yield drawn.add(ids[case.sample.id], texts, control)


def _strange(case: SourceCase, chosen: Sequence[SourceCase], rng: Random) -> str:
    """The reference of a case of another cluster, with other words."""
    cluster = case.sample.cluster or case.sample.id
    others = [
        other.references[0]
        for other in chosen
        if (other.sample.cluster or other.sample.id) != cluster and other.references[0] not in case.references
    ]
    if not others:
        raise ContentError("controls: no other patient's reference can stand in for a shuffled report; draw more cases")
    return rng.choice(others)


def _sides(drawn: _Drawn, shared: Sequence[Item], own: Mapping[str, Sequence[Item]]) -> dict[tuple[str, str], bool]:
    """(rater, item) -> whether the first system by name stands left.

    Within a pair of systems sides alternate from case to case and, on shared items, from rater to rater; so each rater and
    each shared item has either side as often as the other, but for one.
    """

    def alternating(items: Sequence[Item], shift: int) -> Iterator[tuple[str, bool]]:
        turns: Counter[tuple[str, ...]] = Counter()
        for item in items:
            pair = tuple(sorted(drawn.writers[item.id]))
            yield item.id, (turns[pair] + shift) % 2 == 0
            turns[pair] += 1

    found: dict[tuple[str, str], bool] = {}
    for j, rater in enumerate(own):
        for items in (shared, own[rater]):
            for item, is_first_left in alternating(items, j):
                is_in_order = drawn.writers[item][0] == min(drawn.writers[item])
                found[rater, item] = is_first_left == is_in_order
    return found


def _shown(item: Item, in_order: bool) -> Showing:
    return Showing(item=item.id, arms=item.arms if in_order else item.arms[::-1])


def _order(showings: Sequence[Showing], controls: Sequence[Item], draft: Draft, rater: str) -> tuple[Showing, ...]:
    """A rater's own order. Some items of its first half come again, the same way round, a quarter of it later at least."""
    rng = Random(f"{draft.seed}|order|{rater}")
    order = rng.sample(showings, len(showings))
    known = {item.id for item in controls}
    early = [showing for showing in order[: (len(order) + 1) // 2] if showing.item not in known]
    wanted = round(draft.repeats * len(order))
    for showing in rng.sample(early, min(wanted, len(early))):
        at = order.index(showing) + 1 + max(1, len(showings) // 4)
        order.insert(rng.randint(min(at, len(order)), len(order)), showing.model_copy(update={"is_repeat": True}))
    return tuple(order)


def _case(case: SourceCase, name: str, draft: Draft, media: tuple[Media, ...]) -> StudyCase:
    sample = case.sample
    texts = {role: text for role, text in sample.texts.items() if draft.show is None or role in draft.show}
    return StudyCase(
        id=name,
        sample=sample.id,
        cluster=sample.cluster or sample.id,
        strata={stratum: sample.subgroups.get(stratum, "") for stratum in draft.strata},
        texts=texts,
        references=case.references,
        media=media,
    )
