"""`radbench doctor`: what is ready, what is missing, and the exact mend; `--verify`: whether weights give published outputs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from radbench.cli.options import (
    CatalogOption,
    DataDirOption,
    JsonOption,
    OutOption,
    WeightsOption,
    data_roots,
    hub_cache,
    open_catalog,
    out_folder,
    pairs,
    stems,
    weights_paths,
)
from radbench.cli.output import print_columns, print_json
from radbench.errors import ContentError

_DIFFERENCES: Final = 5  # shown of a check that failed

if TYPE_CHECKING:
    from radbench.catalog import Catalog
    from radbench.certificates import Certificate
    from radbench.readiness import Finding


def doctor(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tasks, models, metrics, other components or extras; all without.", metavar="[NAME]...")
    ] = None,
    verify: Annotated[
        str | None, typer.Option("--verify", metavar="NAME", help="Hold this model's weights against published outputs; load it for that.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="What a canary leaves to you (--verify says); repeatable.")
    ] = None,
    out: OutOption = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is ready, what is missing, and the mend; exit 1 if something that was named is missing.

    With --verify, write a certificate of what the weights gave below the folder of runs; exit 1 if they gave something else.
    """
    cards = open_catalog(catalog)
    places = weights_paths(cards, weights, stems(names or ()))
    if verify is not None:
        if names:
            raise ContentError(f"--verify {verify}: takes no further names, got `{' '.join(names)}`.")
        _verify(cards, verify, places, pairs(option, "--option"), out_folder(out), as_json=as_json)
        return
    if option:
        raise ContentError("--option: is for --verify.")
    from radbench.readiness import Machine, look_at, look_at_all

    machine = Machine(roots=data_roots(cards, data_dir), weights=places, hub_cache=hub_cache())
    found = [finding for name in names or () for finding in look_at(cards, name, machine)] if names else look_at_all(cards, machine)
    found = list(dict.fromkeys(found))
    if as_json:
        print_json([_document(finding) for finding in found])
    else:
        print_columns([["ready" if f.ready else "MISSING", f.what, _told(f, in_full=bool(names))] for f in found])
    if names and not all(finding.ready for finding in found):
        raise typer.Exit(1)


def _document(finding: Finding) -> dict[str, object]:
    """A finding with what there is to say of it."""
    return {key: value for key, value in asdict(finding).items() if value or key in {"what", "ready", "note"}}


def _told(finding: Finding, *, in_full: bool) -> str:
    """The third column of a finding: a line in the list of all, else all that helps."""
    blocks = f"blocks: {', '.join(finding.blocks)}" if finding.blocks else ""
    if in_full:
        more = (
            *(f"expected: {file}" for file in finding.expected),
            finding.mend and f"mend: {finding.mend}",
            finding.source and f"from: {finding.source}",
            *(f"note: {remark}" for remark in finding.remarks),
            blocks,
            finding.instead and f"instead: {finding.instead}",
        )
        lines = [finding.note, *filter(None, more)]
    else:
        name = finding.what.removeprefix("weights ")
        how = (f"radbench doctor {name}" if name != finding.what else finding.mend) if finding.mend else ""
        lines = ["; ".join(filter(None, (finding.note, blocks, how)))]
    return "\n".join(filter(None, lines)).replace("\n", "\n" + " " * 9)


def _verify(cards: Catalog, name: str, weights: dict[str, Path], options: dict[str, str], out: Path, *, as_json: bool) -> None:
    from radbench.readiness.verifying import verify

    file, certificate = verify(cards, name, weights, options, out)
    if as_json:
        print_json({"certificate": str(file), **certificate.model_dump(mode="json")})
    else:
        _print_certificate(file, certificate)
    if not certificate.passed:
        raise typer.Exit(1)


def _alternatives(expected: object) -> str:
    """What a canary expects in words: `1 or 3` of `{one_of: [1, 3]}`."""
    return " or ".join(map(str, expected["one_of"])) if isinstance(expected, dict) and "one_of" in expected else str(expected)


def _print_certificate(file: Path, certificate: Certificate) -> None:
    from radbench.readiness.verifying import differences

    for check in certificate.checks:
        sys.stdout.write(f"{'pass' if check.passed else 'FAIL'}  {check.what}\n")
        if not check.passed:
            found = differences(check)
            for place, expected, got in found[:_DIFFERENCES]:
                sys.stdout.write(f"      {place or 'reply'}: expected {_alternatives(expected)}, got {got}\n")
            if len(found) > _DIFFERENCES:
                sys.stdout.write(f"      and {len(found) - _DIFFERENCES} more, which the certificate has\n")
            sys.stdout.write(f"      within {check.tolerance:g}; {check.source}\n")
    passed = sum(check.passed for check in certificate.checks)
    basis = (
        f"{certificate.n_published} of them published"
        if certificate.n_published
        else "none of them published: which weights these are, is not told"
    )
    sys.stdout.write(f"{certificate.model}: {passed} of {len(certificate.checks)} expectations met, {basis}\n")
    if not certificate.passed:
        sys.stdout.write("numbers made with these weights are not comparable with published ones before you know why\n")
    sys.stdout.write(f"certificate: {file}\n")
