import itertools
import random

import pytest

from pytest_rdsfailover.analysis import compare as module
from pytest_rdsfailover.analysis.compare import (
    compare,
    compare_pairs,
    difference_interval,
    doubled_ranks,
    paired_interval,
    permutation_test,
    sign_flip_test,
)


def by_hand(first, second):
    """Return the p-value by trying every division of the ranks."""
    ranks = doubled_ranks([*first, *second])
    size, mean = len(first), len(first) * sum(ranks) / len(ranks)
    distance = abs(sum(ranks[:size]) - mean)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, size)]
    return sum(abs(each - mean) >= distance - 1e-9 for each in sums) / len(sums)


def test_of_values_that_are_all_the_same_nothing_is_told_apart():
    assert permutation_test([1] * 17, [1] * 18) == 1  # as many ways as there can be, in one sum


def test_equal_values_share_the_mean_of_their_ranks():
    assert doubled_ranks([5, 1, 1, 9]) == [6, 3, 3, 8]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2, 3], [4, 5, 6]),
        ([0, 0, 0, 1, 1, 2, 3], [1, 1, 2, 2, 4, 5]),
        ([3, 1], [2, 2, 2, 2, 7]),
        ([1, 1, 1], [1, 1]),
    ],
)
def test_the_permutation_test_is_exact_with_ties_and_either_way_round(first, second):
    assert permutation_test(first, second) == pytest.approx(by_hand(first, second))
    assert permutation_test(second, first) == pytest.approx(by_hand(first, second))


def test_without_ties_it_is_the_exact_test_of_mann_and_whitney():
    chance = random.Random(3)
    first = [chance.gauss(0, 1) for _ in range(5)]
    second = [chance.gauss(1, 1) for _ in range(7)]

    # The figure is that of mannwhitneyu in scipy.stats, with the exact method.
    assert permutation_test(first, second) == pytest.approx(0.10606060606060606)


def test_fifteen_against_fifteen_without_overlap_is_as_clear_as_it_gets():
    assert permutation_test(range(15), range(15, 30)) == pytest.approx(2 / 155_117_520)


def test_many_values_are_sampled_and_agree_with_the_exact_count(monkeypatch):
    first, second = list(range(0, 60, 2)), list(range(9, 69, 2))
    exact = permutation_test(first, second)
    monkeypatch.setattr(module, "MOST_EXACT", 10)

    assert permutation_test(first, second) == pytest.approx(exact, abs=0.01)


def test_a_comparison_tells_difference_ratio_and_change():
    found = compare([10.0, 11.0, 12.0], [1.0, 1.1, 1.2])

    assert (found.before, found.after) == (11.0, 1.1)
    assert found.difference == pytest.approx(-9.9)
    assert found.ratio == pytest.approx(0.1)
    assert found.change == pytest.approx(-0.9)
    assert found.low < found.difference < found.high


def test_nothing_can_be_a_share_of_no_downtime():
    found = compare([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])

    assert found.ratio is None
    assert found.change is None
    assert found.difference == 1.0


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="empty sample"):
        compare([], [1.0])


def test_the_same_figures_give_the_same_interval():
    first, second = [1.0, 2.0, 4.0, 8.0], [3.0, 5.0, 9.0]

    assert difference_interval(first, second) == difference_interval(first, second)


def test_the_interval_of_the_difference_covers_the_truth_about_as_often_as_promised():
    chance = random.Random(11)
    covered = 0
    for _ in range(60):
        low, high = difference_interval(
            [chance.gauss(0, 1) for _ in range(20)], [chance.gauss(1, 1) for _ in range(20)]
        )
        covered += low <= 1 <= high

    assert covered >= 50  # of 60, expected 57


def flipped_by_hand(differences):
    """Return the p-value by trying all signs."""
    ranks = doubled_ranks([abs(each) for each in differences])
    signed = [(r, d) for r, d in zip(ranks, differences, strict=True) if d]
    seen = abs(sum(r if d > 0 else -r for r, d in signed))
    tries = list(itertools.product((1, -1), repeat=len(signed)))
    sums = (sum(s * r for s, (r, _) in zip(signs, signed, strict=True)) for signs in tries)
    return sum(abs(each) >= seen for each in sums) / len(tries)


@pytest.mark.parametrize(
    "differences",
    [[1.0], [1, 2, 3], [1, -2, 3, 4], [0, 0, 1, -1, 2], [1, 1, 1, -1], [0, 0], [-3, -1, -2, -5, 4]],
)
def test_the_test_of_signs_is_exact_with_ties_and_zeros(differences):
    assert sign_flip_test(differences) == pytest.approx(flipped_by_hand(differences))
    assert sign_flip_test([-each for each in differences]) == sign_flip_test(differences)


def test_without_ties_the_test_of_signs_is_that_of_wilcoxon():
    # The figure is that of wilcoxon in scipy.stats, with the exact method.
    assert sign_flip_test([1.1, 2.2, -0.3, 4.4, 5.5, -0.6, 7.7]) == pytest.approx(0.078125)


def test_many_pairs_are_sampled_and_agree_with_the_exact_count(monkeypatch):
    chance = random.Random(1)
    differences = [chance.gauss(0.3, 1) for _ in range(40)]
    exact = sign_flip_test(differences)
    monkeypatch.setattr(module, "MOST_EXACT", 10)

    assert sign_flip_test(differences) == pytest.approx(exact, abs=0.01)


def test_pairs_show_a_change_that_two_samples_hide_in_the_spread_of_failovers():
    chance = random.Random(5)
    failovers = [chance.uniform(1, 9) for _ in range(15)]
    pairs = [(each, each + 0.3 + chance.gauss(0, 0.05)) for each in failovers]
    apart = compare(*map(list, zip(*pairs, strict=True)))
    found = compare_pairs(pairs, dropped=2)

    assert apart.p_value > 0.5
    assert found.p_value == pytest.approx(2 / 2**15)
    assert found.high - found.low < (apart.high - apart.low) / 3
    assert found.difference == apart.difference
    assert (found.pairs, found.dropped, apart.pairs) == (15, 2, 0)


def test_pairs_that_changed_as_much_one_way_as_the_other_show_nothing():
    assert compare_pairs([(1.0, 2.0), (2.0, 1.0), (5.0, 8.0), (8.0, 5.0)]).p_value == 1


def test_no_change_between_pairs_is_seldom_taken_for_one():
    chance = random.Random(9)
    shown = 0
    for _ in range(300):
        shown += sign_flip_test([chance.gauss(0, 1) for _ in range(12)]) <= 0.05
    assert 3 <= shown <= 27  # 15 are expected


def test_the_interval_of_pairs_holds_the_true_difference():
    chance = random.Random(2)
    held = 0
    for _ in range(60):
        failovers = [chance.uniform(1, 2) for _ in range(15)]
        low, high = paired_interval([(each, each + 0.5) for each in failovers])
        held += low <= 0.5 + 1e-9 and high >= 0.5 - 1e-9
    assert held >= 54


@pytest.mark.parametrize(
    ("before", "after"), [([1.0], [2.0]), ([1.0], [2.0, 3.0, 4.0]), ([1.0, 2.0], [2.0])]
)
def test_a_single_trial_has_no_interval(before, after):
    found = compare(before, after)
    assert (found.low, found.high) == (None, None)


def test_a_single_pair_has_no_interval_and_none_is_no_comparison():
    found = compare_pairs([(1.0, 2.0)])
    assert (found.low, found.high, found.p_value) == (None, None, 1.0)
    assert (found.pairs, found.dropped) == (1, 0)
    with pytest.raises(ValueError, match="without a pair"):
        compare_pairs([])


def test_a_chance_that_is_sampled_counts_what_was_seen_and_is_never_nothing(monkeypatch):
    monkeypatch.setattr(module, "MOST_EXACT", 3)
    monkeypatch.setattr(module, "SHUFFLES", 9)

    assert permutation_test(range(20), range(100, 120)) == 1 / 10
    assert sign_flip_test(range(1, 60)) == 1 / 10
    assert (
        permutation_test([1], [1])
        == permutation_test([1, 1], [1, 1])
        == sign_flip_test([0, 0, 0, 0])
        == sign_flip_test([1, -1, 1, -1])
        == 1
    )


@pytest.mark.parametrize(("size", "exact"), [(4, True), (5, False)])
def test_up_to_the_greatest_number_that_is_counted_a_chance_is_exact(monkeypatch, size, exact):
    monkeypatch.setattr(module, "MOST_EXACT", 8)
    monkeypatch.setattr(module, "SHUFFLES", 9)

    found = permutation_test(range(size), range(10, 10 + size))
    assert (found == pytest.approx(2 / 70)) == exact
    assert (sign_flip_test(range(1, 2 * size + 1)) == 2 / 256) == exact


def test_the_middle_95_of_a_hundred_have_as_many_below_them_as_above():
    low, high = module._middle(range(module.RESAMPLES))

    assert low == module.RESAMPLES - 1 - high == module.RESAMPLES * 0.025


def test_what_a_comparison_says_beside_its_interval():
    found = compare([1.0, 3.0, 2.0], [5.0, 4.0])

    assert (found.baseline, found.candidate, found.pairs, found.dropped) == (3, 2, 0, 0)
    assert (found.before, found.after, found.difference) == (2.0, 4.5, 2.5)
    assert (found.ratio, found.change) == (2.25, 1.25)
    assert compare([0.0], [1.0]).ratio is compare([0.0], [1.0]).change is None
    paired = compare_pairs([(1.0, 2.0), (3.0, 3.5)], dropped=2)
    assert (paired.pairs, paired.dropped, paired.before, paired.after) == (2, 2, 2.0, 2.75)
    assert (compare([1.0], [2.0, 3.0]).low, compare_pairs([(1.0, 2.0)]).low) == (None, None)
    for nothing in (
        lambda: compare([], [1.0]),
        lambda: compare([1.0], []),
        lambda: compare_pairs([]),
    ):
        with pytest.raises(ValueError, match="nothing can be compared"):
            nothing()
