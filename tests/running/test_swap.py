"""Partners for swapped images: a derangement between clusters, seeded, of the same kinds of images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from radbench.running.swap import partners
from radbench.sample import Media, Sample


def sample(i: int, cluster: str, modality: str = "CR", n: int = 1, ndim: int = 2) -> Sample:
    media = tuple(Media(name="set", path=f"{i}-{k}.png", modality=modality, ndim=ndim) for k in range(n))
    return Sample(id=f"s{i}", media=media, cluster=cluster)


samples = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["CR", "CT"]), st.integers(0, 2), st.sampled_from([2, 3])), max_size=40
).map(lambda drawn: [sample(i, f"p{cluster}", modality, n, ndim) for i, (cluster, modality, n, ndim) in enumerate(drawn)])


def kind(media: Sequence[Media]) -> tuple[tuple[int, str], ...]:
    return tuple((item.ndim, item.modality) for item in media)


@given(samples, st.integers(0, 3))
def test_each_partner_has_the_same_kind_of_images_of_another_cluster_and_is_used_once(given_samples: list[Sample], seed: int):
    owner = {item.media: item for item in given_samples if item.media}
    by_id = {item.id: item for item in given_samples}
    found = partners(given_samples, seed)
    for sample_id, media in found.items():
        assert kind(media) == kind(by_id[sample_id].media)
        assert owner[media].cluster != by_id[sample_id].cluster
    assert all(count == 1 for count in Counter(found.values()).values())


@given(samples, st.integers(0, 3))
def test_only_the_surplus_of_a_cluster_that_holds_more_than_half_has_no_partner(given_samples: list[Sample], seed: int):
    found = partners(given_samples, seed)
    by_kind: dict[object, Counter[str]] = {}
    for item in given_samples:
        if item.media:
            by_kind.setdefault(kind(item.media), Counter())[item.cluster] += 1
    surplus = 0
    for sizes in by_kind.values():
        largest = max(sizes.values())
        surplus += max(0, largest - (sizes.total() - largest))
    assert len(found) == sum(bool(item.media) for item in given_samples) - surplus


@given(samples, st.integers(0, 3), st.randoms(use_true_random=False))
def test_partners_depend_on_the_seed_and_not_on_the_order_of_samples(given_samples: list[Sample], seed: int, random):
    shuffled = random.sample(given_samples, len(given_samples))
    assert partners(shuffled, seed) == partners(given_samples, seed)


def test_another_seed_draws_other_partners():
    many = [sample(i, f"p{i}") for i in range(30)]
    assert partners(many, 0) != partners(many, 1)


def test_a_sample_without_a_cluster_is_one_of_its_own():
    found = partners([sample(0, ""), sample(1, "")], 0)
    assert found == {"s0": sample(1, "").media, "s1": sample(0, "").media}


def test_samples_without_images_or_without_any_partner_are_left_out():
    assert partners([sample(0, "p0", n=0), sample(1, "p1", "CT"), sample(2, "p2", "MR")], 0) == {}
