"""Record live, replay at home: what is recorded gives back its own numbers."""

import pytest
from regions import StandIn, at_rest

from pytest_rdsfailover.live.backend import LiveBackend
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile
from pytest_rdsfailover.local.profiles.recorder import measure, profile_text
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.report.document import trial_document
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = [pytest.mark.local, pytest.mark.long]

LOAD = {"writers": 6, "rate": 100.0, "warmup": 0.3, "cooldown": 0.2, "bound": 30.0}
# One look of a probe takes 50 ms; the rest is what it may wait for a busy machine. The phases are
# further apart than that, so that none can be taken for another.
RESOLUTION = 0.6
# What is seen from outside is seen late, never early; but the cut, from which the rest counts, may
# itself be seen late.
EARLY, LATE = 0.5, 1.5
SLOW = {"onset": "700ms", "refused": "800ms", "promotion": "1.6s", "dns": "2.4s"}


@pytest.fixture(scope="module")
def local_cluster(make_cluster):
    with make_cluster(parse_profile("slow", SLOW)) as cluster:
        yield cluster


def run(cluster, **options):
    """Run a trial and return its document."""
    trials = []
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=trials.append
    )
    runner.trial(cluster.writer_endpoint, **LOAD, **options)
    return trial_document(trials[0], test="t", scenario="t")


@pytest.fixture(scope="module")
def lived(local_cluster, tmp_path_factory):
    """Two live trials, each with what the gateway knows of the same failover."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        stand_in = at_rest(StandIn(local_cluster), patch)
        asked = stand_in.settings(max_failovers=2, proxy="rdsfailover-proxy")
        with LiveBackend(asked, tmp_path_factory.mktemp("live")) as live:
            for _ in range(2):
                document = run(live.cluster())
                found.append((document, local_cluster.failovers[-1]))
    return found


def test_what_was_recorded_live_replays_with_the_same_numbers(lived, local_cluster, tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text(profile_text([document for document, _ in lived], source="a stand-in"))
    profile = load_profile(str(path))

    again = measure(run(local_cluster, profile=str(path)))

    for name, span, found in (
        ("onset", profile.onset, again.onset),
        ("refused", profile.refused, again.refused),
        ("promotion", profile.promotion, again.promotion),
        ("dns", profile.dns[-1], again.flips[-1]),
    ):
        print(f"{name}: recorded {span}, replayed {found:.3f} s")
        assert span.low - RESOLUTION < found < span.high + RESOLUTION, name


def test_what_the_live_path_measures_is_what_the_data_plane_did(lived):
    """The truth is known here: the gateway's own milestones of the same failover."""
    for document, failover in lived:
        seen = measure(document)
        truth = {each.name: each.at for each in failover.milestones()}
        done = {name: at - truth["writer_cut"] for name, at in truth.items()}

        for name, measured, true in (
            ("onset", seen.onset, truth["writer_cut"] - failover.triggered),
            ("refused", seen.refused, done["old_writer_back"]),
            ("promotion", seen.promotion, done["promoted"]),
            ("dns", seen.flips[-1], done["dns_flip"]),
        ):
            print(f"{name}: measured {measured:.3f} s, true {true:.3f} s")
            assert true - EARLY < measured < true + LATE, name


def test_the_timeline_tells_when_the_proxy_loses_targets_and_has_them_again(lived):
    for document, _ in lived:
        told = document["milestones"]
        cut = next(one["at_s"] for one in told if one["name"] == "writer_cut")
        seen = [one["at_s"] for one in told if one["name"] == "proxy_targets"]

        assert len(seen) >= 2
        assert cut - EARLY < seen[0]  # another probe sees each of them
