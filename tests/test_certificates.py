"""Certificates on disk."""

from __future__ import annotations

import pytest

from radbench.certificates import Certificate, CheckRecord, read_certificate, write_certificate
from radbench.errors import RunError

CHECK = CheckRecord(what="No edema.", expected={"Edema": 2}, got={"Edema": 2.0}, tolerance=0, source="here", basis="published", passed=True)


def certificate(**change) -> Certificate:
    fields = {
        "model": "chexbert",
        "identity": "0123456789abcdef",
        "weights": "ff",
        "stated": {"family": "chexbert"},
        "canaries": {"aa": "chexbert.yaml"},
        "date": "2026-01-01T00:00:00+00:00",
        "versions": {"python": "3.11"},
        "passed": True,
        "checks": (CHECK,),
    }
    return Certificate(**{**fields, **change})


def test_a_certificate_is_found_by_the_digits_that_a_signature_shows(tmp_path):
    written = certificate()
    assert write_certificate(tmp_path, written) == tmp_path / "certificates" / "chexbert" / "0123456789abcdef.json"
    assert read_certificate(tmp_path, "chexbert", "01234567") == written
    assert read_certificate(tmp_path, "chexbert", "ffffffff") is None
    assert read_certificate(tmp_path, "radgraph", "01234567") is None


def test_there_is_none_where_nothing_was_verified(tmp_path):
    assert read_certificate(tmp_path, "chexbert", "01234567") is None


def test_the_last_certificate_of_an_identity_holds(tmp_path):
    write_certificate(tmp_path, certificate())
    write_certificate(tmp_path, certificate(passed=False))
    assert not read_certificate(tmp_path, "chexbert", "0123456789abcdef").passed


def test_its_own_certificate_comes_before_that_of_a_model_that_asked_it(tmp_path):
    write_certificate(tmp_path, certificate(model="asker", identity="a" * 16, others={"chexbert": "0123456789abcdef"}))
    assert read_certificate(tmp_path, "chexbert", "01234567").model == "asker"
    write_certificate(tmp_path, certificate())
    assert read_certificate(tmp_path, "chexbert", "01234567").model == "chexbert"


def test_a_pass_without_published_outputs_is_told_apart():
    by_definition = CHECK.model_copy(update={"basis": "definition"})
    assert certificate().n_published == 1
    assert certificate(checks=(by_definition,)).n_published == 0


def test_a_damaged_certificate_is_named_with_the_mend(tmp_path):
    file = write_certificate(tmp_path, certificate())
    file.write_text("{")
    with pytest.raises(RunError, match="radbench doctor --verify chexbert"):
        read_certificate(tmp_path, "chexbert", "01234567")
