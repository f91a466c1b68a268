"""One sample: images, what was asked, reference and candidates side by side, values, and where each answer comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from radbench.app import tables
from radbench.app.browsing import gallery
from radbench.app.controls import choice, switch
from radbench.app.heat import Heat, laid
from radbench.app.pictures import MOST_SLICES, Overlay, Picture, packed, png
from radbench.app.sample_texts import framed, texts
from radbench.app.texts import note, plain
from radbench.app.viewer import viewer
from radbench.errors import RadbenchError
from radbench.leaderboard.cases.said import worded
from radbench.leaderboard.cases.samples import SampleSet
from radbench.leaderboard.cases.shown import Candidate, Shown
from radbench.records import RunRecord
from radbench.sample import Answer, Boxes, Media, Points, Unparsed
from radbench.thoughts import split_reasoning

_REFERENCE: Final = "reference"
_VIEWS: Final = (3, 5)  # numbers of a view: slice and window, and with heat maps two more


def show(samples: SampleSet, name: str, *, is_open: bool) -> None:
    """Show a sample that one of the runs has; without `is_open`, nothing that quotes the data."""
    repeats = max(stored.run.settings.repeats for stored in samples.runs.values())
    repeat = int(choice("Repeat", [str(i + 1) for i in range(repeats)], "repeat")) - 1 if repeats > 1 else 0
    found = samples.shown(name, repeat)
    if found is None:
        return
    record = found.record
    st.subheader(plain(record.id), anchor=False)
    facts = {"task": next(iter(samples.runs.values())).run.task, "cluster": record.cluster, **record.subgroups, "follows": record.follows}
    note(" · ".join(f"{what}: {text}" for what, text in facts.items() if text))
    if is_open:
        run = next(iter(samples.runs.values())).run
        if record.media:
            seen, asked = st.columns([3, 2])
            with seen:
                _images(found, run)
            with asked:
                _question(found)
        else:
            _question(found)
        texts(found)
    _values(samples, found)
    for candidate in found.candidates:
        _provenance(candidate, samples.runs[candidate.run].run, is_open=is_open)


@st.fragment
def _images(found: Shown, run: RunRecord) -> None:
    media = found.record.media
    labels = [f"{i}: {_described(one)}" for i, one in enumerate(media, start=1)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = choice("Image", labels, "image") if len(labels) > 1 else labels[0]
        is_plain = switch("Plain image", "still", hint="without script: one slice at a time, drawn by the server")
    place = labels.index(label)
    try:
        picture = gallery(run).picture(found.record.id, media[place])
    except RadbenchError as error:
        st.warning(plain(f"Image {place + 1} cannot be shown: {error}"))
        return
    heats, faults = _heats(found, picture, place)
    alt = f"{_described(media[place])}, image {place + 1} of {len(media)} of sample {found.record.id}"
    if is_plain:
        _still(picture, alt, heats)
    else:
        overlays = [] if picture.is_volume or place else _overlays(found)
        key = f"viewer {found.record.id} {place}"
        sent = packed(picture, alt="; ".join((alt, *(heat.words for heat in heats))), overlays=overlays, heats=heats, view=_first_view(key))
        viewer(sent, key=key, on_view_change=lambda: _keep_view(key))
    for remark in (*picture.notes, *(heat.words for heat in heats), *faults):
        note(remark)


def _heats(found: Shown, picture: Picture, place: int) -> tuple[list[Heat], list[str]]:
    """The heat maps of an image by the runs' names, and why others cannot be shown."""
    heats, faults = [], []
    for candidate in found.candidates:
        for heat_map in candidate.prediction.heat_maps if candidate.prediction else ():
            if heat_map.media == place:
                try:
                    heats.append(laid(candidate.run, heat_map, is_volume=picture.is_volume, axis=picture.axis))
                except RadbenchError as error:
                    faults.append(str(error))
    return heats, faults


def _still(picture: Picture, alt: str, heats: Sequence[Heat]) -> None:
    """One slice as a picture of the page."""
    at = 0
    if len(picture.places) > 1:
        at = (
            int(
                st.slider("Slice", 1, min(len(picture.places), MOST_SLICES), len(picture.places) // 2 + 1, key="slice", bind="query-params")
            )
            - 1
        )
    presets = picture.presets
    name = choice("Window", list(presets), "window") if presets else ""
    by_name = {heat.author: heat for heat in heats}
    heat = by_name.get(choice("Heat map", ["none", *by_name], "heat", first=next(iter(by_name)))) if heats else None
    described = f"{alt}; {heat.words}" if heat else alt
    st.image(png(picture, at, presets.get(name), heat), alt=described, width="stretch", output_format="PNG")


def _first_view(key: str) -> tuple[float, ...]:
    """What the URL states (`packed`'s view), as it was when this viewer opened; another image begins anew."""
    viewed: tuple[str, tuple[float, ...]] | None = st.session_state.get("viewed")
    if viewed is not None and viewed[0] == key:
        return viewed[1]
    if viewed is not None:
        st.query_params.pop("view", None)
    try:
        view = tuple(float(number) for number in st.query_params.get("view", "").split(","))
    except ValueError:
        view = ()
    view = view if len(view) in _VIEWS and all(map(math.isfinite, view)) else ()
    st.session_state["viewed"] = (key, view)
    return view


def _keep_view(key: str) -> None:
    """Write what is looked at into the URL."""
    view = st.session_state[key].get("view")
    if isinstance(view, list) and len(view) in _VIEWS:
        st.query_params["view"] = ",".join(f"{float(number):g}" for number in view)


def _overlays(found: Shown) -> list[Overlay]:
    answers: list[tuple[str, Answer | None]] = [(_REFERENCE, reference) for reference in found.record.references]
    answers += [(candidate.run, candidate.case.answer) for candidate in found.candidates if candidate.case]
    overlays = []
    for author, answer in answers:
        if isinstance(answer, Boxes):
            overlays.append(Overlay(author, boxes=answer.boxes))
        elif isinstance(answer, Points):
            overlays.append(Overlay(author, points=answer.points))
    return overlays


def _question(found: Shown) -> None:
    for role, text in found.record.texts.items():
        st.markdown(f"**{plain(role.replace('_', ' ').capitalize())}**")
        st.html(framed(escape(text)))
    if found.record.options:
        st.markdown("**Options**")
        st.html(framed(escape(" | ".join(found.record.options))))


def _values(samples: SampleSet, found: Shown) -> None:
    names = dict.fromkeys(name for candidate in found.candidates for name in candidate.values)
    if names:
        rows = [
            [
                f"{name} {'↓' if samples.is_lower_better(name) else '↑'}",
                *(_number(candidate.values.get(name)) for candidate in found.candidates),
            ]
            for name in names
        ]
        tables.table("Values of this sample alone", ["Value", *(candidate.run for candidate in found.candidates)], rows)
    for candidate in found.candidates:
        for metric, reason in candidate.excluded.items():
            note(f"{candidate.run}: {metric} leaves it out: {reason}")


def _provenance(candidate: Candidate, run: RunRecord, *, is_open: bool) -> None:
    """How the answer came about: prompt, output, thoughts, reading, run."""
    prediction = candidate.prediction
    with st.expander(plain(f"{candidate.run}: prompt, output, run"), key=f"of-{candidate.run}"):
        if prediction is not None and is_open:
            thoughts, _ = split_reasoning(prediction.output) if isinstance(prediction.output, str) else ("", "")
            texts = {
                "Prompt as sent": prediction.prompt,
                "Reasoning": prediction.reasoning or thoughts,
                "Output as it came": prediction.output if isinstance(prediction.output, str) else _output(candidate),
                "As it was read": _kind(candidate),
            }
            for heading, text in texts.items():
                if text:
                    st.markdown(f"**{heading}**")
                    st.code(text, language=None, wrap_lines=True)
        facts = {
            "run": run.id,
            "model": run.model,
            "images": run.settings.images,
            "status": run.status,
            "started": run.started,
            "radbench": run.versions.get("radbench", ""),
            "commit": run.commit,
        }
        if prediction is not None:
            tokens = prediction.tokens
            facts |= {
                "served model": prediction.served_model,
                "finished": prediction.finish_reason,
                "seconds": f"{prediction.seconds:.3g}",
                "tokens": f"{tokens.prompt} in, {tokens.output} out" if tokens else "",
                "key": prediction.key,
            }
        rows: list[list[str | tables.Entry]] = [[what, tables.Entry(text, is_text=True)] for what, text in facts.items() if text]
        tables.table(f"Where it comes from: {candidate.run}", ["fact", "value"], rows)


def _output(candidate: Candidate) -> str:
    """An output that is no text, in words."""
    output = candidate.prediction.output if candidate.prediction else None
    if isinstance(output, Boxes):
        return worded(output)
    if output is None or isinstance(output, str) or hasattr(output, "float16"):
        return ""
    return "\n".join(f"{option}: {score:g}" for option, score in output.items())


def _kind(candidate: Candidate) -> str:
    answer = candidate.case.answer if candidate.case else None
    if answer is None:
        return ""
    return worded(answer) if isinstance(answer, Unparsed) else f"{type(answer).__name__}: {worded(answer)}"


def _described(media: Media) -> str:
    kind = media.modality or ("volume" if media.ndim == 3 else "image")
    what = " ".join(filter(None, (kind, media.view, media.laterality, media.series, media.phase, media.study_date)))
    return f"{what} (earlier study)" if media.is_prior else what


def _number(value: float | None) -> str:
    return "--" if value is None else f"{value:.3f}"
