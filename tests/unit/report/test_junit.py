from populations import article, beside, document

from pytest_rdsfailover.report.junit import properties


def test_a_single_trial_gives_its_own_figures():
    found = dict(properties([document(2.31)]))

    assert found["rds_downtime_s"] == 2.31
    assert found["rds_resolution_s"] == 0.004
    assert (found["rds_acked"], found["rds_lost"], found["rds_recovered"]) == (90, 0, 1)


def test_several_trials_give_the_figures_of_the_population():
    found = dict(properties(article()[15:]))

    assert (found["rds_trials"], found["rds_zero_downtime"]) == (15, 10)
    assert (found["rds_downtime_median_s"], found["rds_downtime_max_s"]) == (0.0, 1.0)
    assert found["rds_acked"] == 15 * 90


def test_what_was_not_audited_has_no_property():
    assert "rds_lost" not in dict(properties([document(1.0, lost=None)]))


def test_invalid_trials_count_for_nothing():
    found = dict(properties([document(1.0, valid=False), document(9.0, valid=False)]))

    assert (found["rds_trials"], found["rds_valid_trials"]) == (2, 0)
    assert "rds_downtime_median_s" not in found


def test_a_test_without_trials_has_no_properties():
    assert properties([]) == []


def test_attempts_reads_and_torn_writes_are_properties_of_trials_that_have_them():
    found = dict(properties([beside()]))

    assert (found["rds_attempts"], found["rds_retried"], found["rds_torn"]) == (168, 12, 2)
    assert (found["rds_attempts_downtime_s"], found["rds_downtime_s"]) == (1.7, 1.0)
    assert found["rds_attempts_downtime_resolution_s"] == 0.05
    assert (found["rds_staleness_s"], found["rds_staleness_resolution_s"]) == (0.651, 0.002)
    assert (found["rds_reads"], found["rds_failed_reads"], found["rds_compared_reads"]) == (
        41,
        3,
        29,
    )
    assert (found["rds_stale_reads"], found["rds_unseen"]) == (5, 4)


def test_a_trial_without_them_has_none_of_their_properties():
    extra = dict(properties([beside()])).keys() - dict(properties([document(1.0)])).keys()

    assert {"rds_attempts", "rds_reads", "rds_torn"} < extra
    assert all(name.startswith(("rds_attempts", "rds_retried", "rds_staleness", "rds_torn"))
               or "read" in name or name == "rds_unseen" for name in extra)  # fmt: skip


def test_of_several_trials_the_longest_counts_with_its_own_resolution():
    worse = beside(reads=beside()["reads"] | {"staleness_s": 0.9, "resolution_s": 0.3})
    found = dict(properties([beside(), worse, document(1.0)]))

    assert (found["rds_staleness_max_s"], found["rds_staleness_max_resolution_s"]) == (0.9, 0.3)
    assert (found["rds_attempts"], found["rds_torn"]) == (336, 4)
    assert "rds_staleness_s" not in found


def test_what_attempts_and_reads_could_not_measure_has_no_property():
    unfit = beside(clock={"reliable": False, "problem": "it stood still"})
    alone = beside(reads=beside()["reads"] | {"compared": 0})

    assert "rds_attempts_downtime_s" not in dict(properties([unfit]))
    assert "rds_attempts_downtime_s" not in dict(properties([beside(valid=False)]))
    assert "rds_staleness_s" not in dict(properties([alone]))


def test_a_population_has_both_ends_of_its_median_and_of_its_share_without_downtime():
    found = dict(properties(article()[15:]))

    assert (found["rds_downtime_median_low"], found["rds_downtime_median_high"]) == (0.0, 1.0)
    assert found["rds_downtime_p95_s"] == 1.0
    assert (found["rds_zero_downtime_share_low"], found["rds_zero_downtime_share_high"]) == (
        0.417135,
        0.848237,
    )
    assert found["rds_measured_trials"] == found["rds_valid_trials"] == 15
    assert "rds_downtime_median_low" not in dict(properties(article()[:3]))  # too few for one


def test_lists_of_keys_are_counted_only_where_each_trial_was_read_back():
    audited, not_audited = document(1.0, lost=["a", "b"]), document(1.0, lost=None)

    assert dict(properties([audited] * 3))["rds_lost"] == 6
    assert "rds_lost" not in dict(properties([audited, not_audited]))


FIGURES = {
    "downtime": {"lower": 0.9, "upper": 1.1, "value": 1.0, "unit": "s"},
    "success": {"lower": 0.5, "upper": 0.75, "value": 0.6, "unit": "%"},
    "recovery": {"lower": 3.0, "upper": None, "value": 3.0, "unit": "s"},
    "late_errors": {"lower": 2, "upper": 2, "value": 2, "unit": ""},
    "p99": {"lower": 0, "upper": 9, "value": 1, "unit": "s", "problem": "busy"},
}


def test_the_figures_of_a_single_trial_have_both_ends_where_they_are_not_exact():
    extra = dict(properties([document(1.0, figures=FIGURES)]))
    found = {name: extra[name] for name in extra.keys() - dict(properties([document(1.0)])).keys()}

    assert found == {
        "rds_downtime_low_s": 0.9, "rds_downtime_high_s": 1.1, "rds_success_share": 0.6,
        "rds_success_low_share": 0.5, "rds_success_high_share": 0.75, "rds_recovery_s": 3.0,
        "rds_recovery_low_s": 3.0,
        "rds_late_errors": 2,
    }  # fmt: skip
    assert "rds_success_share" not in dict(properties([document(1.0, figures=FIGURES)] * 2))


def test_staleness_is_that_of_valid_trials_that_compared():
    stale = beside()["reads"] | {"staleness_s": 9.0}
    found = dict(properties([beside(), beside(reads=stale, valid=False)]))

    assert (found["rds_staleness_s"], found["rds_reads"]) == (0.651, 82)
