from populations import article, document

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
