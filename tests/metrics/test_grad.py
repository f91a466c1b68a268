"""G-Rad: the parser's cases of the rubric's protocol, and the values of crafted counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judges import heard, user_text

from radbench.catalog import Catalog
from radbench.metrics.base import Excluded
from radbench.metrics.grad import Grad, read_counts
from radbench.sample import Case, Reply, Unparsed

SIGNIFICANT = "Number of clinically significant errors by type: "
INSIGNIFICANT = "Number of clinically insignificant errors by type: "
ONE = "[(A, 0), (B, 1), (C, 0), (D, 1), (E, 0), (F, 0)]"
OTHER = "[(A, 0), (B, 1), (C, 0), (D, 0), (E, 0), (F, 2)]"
COUNTS = [[0, 1, 0, 1, 0, 0], [0, 1, 0, 0, 0, 2]]
PLAIN = f"{SIGNIFICANT}{ONE}\n{INSIGNIFICANT}{OTHER}"


def listed(counts, outer="[]", inner="()", write="{letter}, {count}"):
    pairs = [f"{inner[0]}{write.format(letter=letter, count=count)}{inner[1]}" for letter, count in zip("ABCDEF", counts, strict=True)]
    return f"{outer[0]}{', '.join(pairs)}{outer[1]}"


PARSED = {
    "as asked": PLAIN,
    "round outer brackets": PLAIN.replace("[", "(").replace("]", ")"),
    "mixed brackets": f"{SIGNIFICANT}{ONE}\n{INSIGNIFICANT}{OTHER}".replace("[", "(", 1).replace("]", ")", 1),
    "square inner brackets": SIGNIFICANT + listed(COUNTS[0], "[]", "[]") + "\n" + INSIGNIFICANT + listed(COUNTS[1], "()", "[]"),
    "no blanks": PLAIN.replace(", ", ",").replace(": ", ":"),
    "blank line between": PLAIN.replace("\n", "\n\n"),
    "explanation after": PLAIN + "\n\nExplanation: the candidate leaves out the effusion.",
    "full stop after the lists": f"{SIGNIFICANT}{ONE}.\n{INSIGNIFICANT}{OTHER}.",
    "prose after the second list": PLAIN + " The clinically significant errors concern the effusion (B) and its size.",
    "prose between": f"{SIGNIFICANT}{ONE}\nThese matter: the rest does not.\n{INSIGNIFICANT}{OTHER}",
    "reversed order": f"{INSIGNIFICANT}{OTHER}\n{SIGNIFICANT}{ONE}",
    "quoted letters": SIGNIFICANT
    + listed(COUNTS[0], write="'{letter}', {count}")
    + "\n"
    + INSIGNIFICANT
    + listed(COUNTS[1], write='"{letter}", {count}'),
    "lower-case letters": SIGNIFICANT + ONE.lower() + "\n" + INSIGNIFICANT + OTHER.lower(),
    "bold heading": f"**{SIGNIFICANT.strip()}** {ONE}\n**{INSIGNIFICANT.strip()}** {OTHER}",
    "bold colon": f"**{SIGNIFICANT.strip(': ')}**: {ONE}\n**{INSIGNIFICANT.strip(': ')}**: {OTHER}",
    "heading in other case": PLAIN.upper(),
    "list on the next line": f"{SIGNIFICANT}\n{ONE}\n{INSIGNIFICANT}\n{OTHER}",
    "letters in another order": PLAIN.replace("(A, 0), (B, 1)", "(B, 1), (A, 0)"),
    "code fence": f"```\n{PLAIN}\n```",
    "the same list twice": f"{PLAIN}\n{PLAIN}",
    "windows line ends": PLAIN.replace("\n", "\r\n"),
}

UNPARSED = {
    "cut in the second list": (PLAIN[:-20], "no whole list of clinically insignificant"),
    "cut before the closing bracket": (PLAIN[:-1], "no whole list of clinically insignificant"),
    "a letter missing": (PLAIN.replace("(C, 0), ", "", 1), "letter C is missing"),
    "unknown letter G": (PLAIN.replace("(F, 0)]", "(F, 0), (G, 0)]"), "none of the letters"),
    "G in place of F": (PLAIN.replace("(F, 0)", "(G, 0)"), "none of the letters"),
    "a letter twice": (PLAIN.replace("(F, 0)]", "(F, 0), (A, 1)]"), "letter A stands twice"),
    "half a count": (PLAIN.replace("(B, 1)", "(B, 1.5)", 1), "letter B has no whole number"),
    "a negative count": (PLAIN.replace("(B, 1)", "(B, -1)", 1), "letter B has no whole number"),
    "no count": (PLAIN.replace("(B, 1)", "(B)", 1), "letter B has no whole number"),
    "the form itself": (SIGNIFICANT + listed([f"n_{x}" for x in "ABCDEF"]) + "\n" + INSIGNIFICANT + OTHER, "letter A has no whole number"),
    "an absurd count": (PLAIN.replace("(B, 1)", f"(B, {'9' * 5000})", 1), "letter B has no whole number"),
    "prose inside the list": (PLAIN.replace("(B, 1),", "(B, 1) as noted,", 1), "more than pairs"),
    "two different lists of one half": (f"{PLAIN}\n{SIGNIFICANT}{listed([0] * 6)}", "listed twice"),
    "one half alone": (SIGNIFICANT + ONE, "no whole list of clinically insignificant"),
    "empty": ("", "no whole list of clinically significant"),
    "a refusal": ("I cannot help with medical reports.", "no whole list"),
    "the order of an injected text": ("As the report asks, I count no errors.", "no whole list"),
}


@pytest.mark.parametrize("text", PARSED.values(), ids=PARSED)
def test_what_says_each_letter_once_in_both_halves_is_read(text):
    assert np.array_equal(read_counts(text), COUNTS)


@pytest.mark.parametrize(("text", "reason"), UNPARSED.values(), ids=UNPARSED)
def test_anything_less_is_unparsed_with_the_reason(text, reason):
    found = read_counts(text)
    assert isinstance(found, Unparsed)
    assert reason in found.reason


counts = st.lists(st.integers(0, 999), min_size=6, max_size=6)


@given(counts, counts, st.sampled_from(["[]", "()"]), st.booleans(), st.permutations(range(6)))
def test_any_counts_written_in_any_order_are_read_back(one, other, outer, reverse, order):
    def line(heading, values):
        pairs = [f"({'ABCDEF'[i]}, {values[i]})" for i in order]
        return f"{heading}{outer[0]}{', '.join(pairs)}{outer[1]}"

    lines = [line(SIGNIFICANT, one), line(INSIGNIFICANT, other)]
    assert np.array_equal(read_counts("\n".join(lines[::-1] if reverse else lines)), [one, other])


@given(st.lists(st.sampled_from([SIGNIFICANT, INSIGNIFICANT, ONE, OTHER, "(A, 1)", "[", "]", "(", ")", "**", "\n", "x"])).map("".join))
def test_no_answer_breaks_the_reader(text):
    found = read_counts(text)
    assert isinstance(found, Unparsed) or found.shape == (2, 6)


def test_a_hostile_answer_is_read_in_time():
    assert isinstance(read_counts(SIGNIFICANT + "[(" * 100_000), Unparsed)
    assert isinstance(read_counts(SIGNIFICANT * 5_000), Unparsed)
    assert isinstance(read_counts(SIGNIFICANT + "[" + "(A, 1)" * 50_000), Unparsed)


def answered(significant, insignificant):
    return f"{SIGNIFICANT}{listed(significant)}\n{INSIGNIFICANT}{listed(insignificant)}"


def judged(metric, *replies):
    cases = [heard(metric, Case.of(f"Candidate {i}.", ["Reference."], id=str(i)), said) for i, said in enumerate(replies)]
    return metric.measure(cases)


def test_values_are_means_and_shares_of_the_counts():
    metric = Grad(judge="j")
    rows = judged(
        metric,
        [answered([0] * 6, [0] * 6)],
        [answered([0] * 6, [1, 0, 0, 0, 0, 0])],
        [answered([0, 2, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0])],
        [answered([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 3])],
        ["no idea", "still none"],
    )
    assert rows.excluded == (None, None, None, None, "unparsed judge reply")
    values = {name: value[0] for name, value in metric.aggregate(rows.array[:4], np.ones((1, 4))).items()}
    assert values["significant"] == (2 + 6) / 4
    assert values["insignificant"] == (1 + 1 + 3) / 4
    assert values["total"] == 13 / 4
    assert values["significant:omission_finding"] == 3 / 4
    assert values["insignificant:omission_comparison"] == 3 / 4
    assert (values["error_free"], values["significant_error_free"]) == (1 / 4, 2 / 4)
    assert [values[f"share:{n}"] for n in ("0", "1", "2", "3", "4+")] == [1 / 4, 1 / 4, 0, 1 / 4, 1 / 4]
    assert "agreement" not in values


def test_a_second_try_counts_and_a_failed_judge_does_not():
    metric = Grad(judge="j")
    cut = Reply(output=PLAIN[:90], finish_reason="length")
    rows = judged(metric, [cut, PLAIN], [Reply(error="timed out")], [PLAIN])
    assert rows.excluded == (None, "annotator failed", None)
    assert np.array_equal(rows.array[0], rows.array[2])


def test_of_two_references_the_one_with_fewer_significant_errors_counts():
    metric = Grad(judge="j")
    few, many = answered([0, 1, 0, 0, 0, 0], [9] * 6), answered([0, 2, 0, 0, 0, 0], [0] * 6)
    case = heard(metric, Case.of("Clear.", ["One.", "Two."]), lambda r: few if '"""Two."""' in user_text(r) else many)
    assert metric.value(metric.row(case)[None])["total"] == [55.0]


def test_repeats_agree_where_they_count_the_same_number_of_significant_errors():
    metric = Grad(judge="j", repeats=2)
    rows = judged(metric, [answered([1, 0, 0, 0, 0, 0], [0] * 6), answered([0, 0, 0, 0, 0, 1], [1] * 6)])
    values = metric.value(rows.array)
    assert (values["agreement"], values["significant"], values["total"]) == ([1.0], [1.0], [4.0])


def test_the_request_holds_a_rubric_a_pair_and_the_limit_and_the_signature_says_so():
    metric = Grad(judge="j", max_new_tokens=128)
    (ask,) = metric.asks(Case.of("Clear lungs.", ["Small effusion."]), ())
    assert (ask.annotator, ask.request.kind, ask.request.max_new_tokens) == ("j", "generate", 128)
    assert [turn.role for turn in ask.request.turns] == ["system", "user"]
    assert user_text(ask.request).endswith('Reference Findings:\n"""Small effusion."""\nCandidate Findings:\n"""Clear lungs."""\nErrors:')
    assert metric.signature() | {"prompt": ""} == {"prompt": "", "tokens": "128", "repeats": "1"}


def test_a_missing_candidate_is_judged_as_an_empty_one():
    metric = Grad(judge="j")
    case = heard(metric, Case.of(None, ["Small effusion."]), [answered([0, 1, 0, 0, 0, 0], [0] * 6)])
    (row,) = metric.measure([case]).array
    assert metric.value(row[None])["significant:omission_finding"] == [1.0]


def test_the_worked_answers_of_the_prompt_are_in_the_format_it_asks_for():
    examples = Grad(judge="j").prompt.user.split("##")[1:-1]
    assert len(examples) == 5
    assert not [example for example in examples if isinstance(read_counts(example), Unparsed)]


def test_an_unreadable_pair_is_no_zero():
    metric = Grad(judge="j")
    assert metric.row(heard(metric, Case.of("Clear.", ["Clear."]), lambda _: "0 errors")) == Excluded("unparsed judge reply")


def test_its_published_name_is_an_alias():
    catalog = Catalog()
    made = catalog.build("metrics", "chexprompt", {"judge": "j"})

    assert isinstance(made, Grad)
    assert catalog.has("metrics", "chexprompt")
    assert "chexprompt" not in catalog.names("metrics")
