"""What each fixture of the plugin gives a test, before clusters of paper."""

import contextlib
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.live import backend as live_backend
from pytest_rdsfailover.local import backend as local_backend
from pytest_rdsfailover.local.aws_api import isolation
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin import fixtures, plugin, registration, shared_moto
from pytest_rdsfailover.plugin.registration import PROGRESS, RUN, TRIALS_FILE, wire

LIVE = LiveSettings(
    cluster="orders", account="111122223333", region="eu-west-1", schema="s", started=3.0
)


def made(name, *given):
    """Return what a fixture's function does with these."""
    return getattr(fixtures, name).__wrapped__(*given)


@contextlib.contextmanager
def within(fixture):
    """Use a fixture that yields, as pytest does."""
    given = next(fixture)
    yield given
    with pytest.raises(StopIteration):
        next(fixture)


class Cluster:
    """A cluster that notes what it is asked."""

    def __init__(self):
        self.asked = []
        self.aws = SimpleNamespace(client=lambda name: f"client of {name}")
        self.proxy = SimpleNamespace(begin=self.asked.append)

    @contextlib.contextmanager
    def aws_names(self, region):
        self.asked.append(f"begin {region}")
        yield
        self.asked.append("end of names")


class Backend:
    """Hands out one cluster."""

    def __init__(self):
        self.given, self.asked = Cluster(), []

    def cluster(self, instances=None, **more):
        self.asked.append((instances, more))
        return self.given

    def another(self, number, instances):
        return number, instances

    def release(self):
        self.asked.append("released")


def node(**markers):
    """Return a test with these markers and their arguments."""
    found = {
        name: SimpleNamespace(name=name, args=args, kwargs={}) for name, args in markers.items()
    }
    return SimpleNamespace(get_closest_marker=found.get, iter_markers=found.values)


@pytest.fixture
def settings(monkeypatch):
    """Have runs with settings that a test may change."""
    chosen = {}
    monkeypatch.setattr(
        fixtures, "run_of", lambda _: SimpleNamespace(settings=Settings(seed=7, **chosen))
    )
    return chosen


def asking(item, *names):
    return SimpleNamespace(node=item, config=None, fixturenames=["rds_cluster", *names])


@pytest.mark.parametrize("name", ["rds_client", "rds_aws", "rds_runner", ""])
@pytest.mark.usefixtures("settings")
def test_a_cluster_has_its_aws_api_for_tests_that_will_ask_it_and_is_released_behind_them(name):
    backend = Backend()
    with within(made("rds_cluster", backend, None, asking(node(), name))) as cluster:
        assert cluster is backend.given
        assert backend.asked == [(None, {"api": bool(name)})]
        assert cluster.asked == [{}]
    assert backend.asked[1:] == ["released"]


@pytest.mark.parametrize("by", ["a marker", "an option"])
def test_names_of_aws_lead_to_a_cluster_while_a_test_wants_them(settings, by):
    item = node(rds_aws_names=("eu-west-1",)) if by == "a marker" else node()
    if by == "an option":
        settings["aws_names"] = "eu-west-1"
    backend = Backend()
    with within(made("rds_cluster", backend, None, asking(item))) as cluster:
        assert cluster.asked == ["begin eu-west-1", {}]
    assert cluster.asked[-1] == "end of names"


@pytest.mark.usefixtures("settings")
def test_a_cluster_has_the_instances_and_the_proxy_that_a_test_s_markers_say():
    item = node(rds_instances=(3,), rds_proxy=())
    item.get_closest_marker("rds_proxy").kwargs["require_tls"] = True
    backend = Backend()
    with within(made("rds_cluster", backend, None, asking(item))) as cluster:
        assert backend.asked == [(3, {"api": False})]
        assert cluster.asked == [{"require_tls": True}]


@pytest.mark.usefixtures("settings")
def test_only_local_clusters_become_a_global_database():
    with pytest.raises(pytest.skip.Exception, match="only local clusters"):
        next(made("rds_cluster", Backend(), None, asking(node(rds_global=(1,)))))


def test_what_a_user_typed_wrong_is_a_usage_error_with_its_own_words():
    with pytest.raises(pytest.UsageError, match=r"^so$"), fixtures.usage_errors():
        raise SettingError("so")
    with pytest.raises(KeyError), fixtures.usage_errors():
        raise KeyError("so")


@pytest.mark.parametrize(("live", "isolated"), [(None, True), (LIVE, False)])
def test_a_local_test_is_kept_away_from_aws_and_a_live_one_is_not(
    settings, monkeypatch, live, isolated
):
    noted = []

    @contextlib.contextmanager
    def no_aws():
        noted.append("kept away")
        yield
        noted.append("let go")

    monkeypatch.setattr(isolation, "no_aws", no_aws)
    settings["live"] = live
    with within(made("rds_isolation", None)):
        assert noted == ["kept away"] * isolated
    assert noted == ["kept away", "let go"] * isolated


def test_clusters_are_local_unless_the_run_is_live(monkeypatch):
    monkeypatch.setattr(local_backend, "LocalBackend", lambda *what: ("local", *what))
    monkeypatch.setattr(live_backend, "LiveBackend", lambda chosen, where: (chosen, where.name))
    local = Settings(seed=7)
    assert fixtures.local_or_live(local, "moto") == ("local", local, "moto")
    assert fixtures.local_or_live(Settings(seed=7, live=LIVE)) == (LIVE, "live")


def test_a_worker_is_told_of_moto_by_its_controller():
    assert (
        fixtures.told_of_moto(SimpleNamespace(workerinput={shared_moto.TOLD: "there"})) == "there"
    )
    assert fixtures.told_of_moto(SimpleNamespace(workerinput={})) is None
    assert fixtures.told_of_moto(SimpleNamespace()) is None


def test_a_client_is_one_of_rds():
    assert made("rds_client", Cluster()) == "client of rds"


def test_the_api_of_a_real_cluster_needs_no_variables():
    cluster = Cluster()
    with within(made("rds_aws", cluster)) as found:
        assert found is cluster.aws


@pytest.mark.parametrize("name", ["rds_toxiproxy", "rds_faults"])
def test_a_real_cluster_gets_no_faults_of_ours(name):
    with pytest.raises(pytest.skip.Exception):
        next(made(name, Cluster()))


def test_the_session_s_cluster_is_not_held_and_more_clusters_are_numbered():
    backend = Backend()
    assert made("rds_session_cluster", backend) is backend.given
    assert backend.asked == [(None, {}), "released"]
    start = made("rds_clusters", backend, None)
    assert [start(), start(3), start(instances=1)] == [(1, None), (2, 3), (3, 1)]


def test_a_project_s_options_and_expectations_are_none_unless_it_overrides_them():
    assert made("rds_options") == made("rds_expectations") == {}


class Experiments:
    """What a test does with its clusters."""

    def runner(self, cluster):
        return f"runner of {cluster}"

    def repetition(self, cluster, runner):
        return cluster, runner


def test_loads_trials_and_failovers_are_of_the_test_s_own_cluster():
    experiments = Experiments()
    assert made("rds_runner", experiments, "it") == "runner of it"
    for name in ("rds_failover", "rds_load", "rds_trial"):
        call = made(name, "runner of it", experiments)
        assert "runner of it" in vars(call).values()
        assert experiments.runner in vars(call).values()
    repeated = made("rds_trials", "runner of it", experiments, "it")
    assert ("it", "runner of it") in vars(repeated).values()
    other = made("rds_trials", None, experiments, "it")
    assert ("it", "runner of it") in vars(other).values()


# Whose run it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "markers", "used"),
    [
        (["tmp_path"], {}, False), (["rds_cluster"], {}, True), ([], {"rds_instances": ()}, True),
        ([], {"slow": ()}, False), ([], {}, False),
    ],
)  # fmt: skip
def test_a_test_is_ours_by_its_fixtures_or_its_markers(names, markers, used):
    item = node(**markers)
    item.fixturenames = names
    other = SimpleNamespace(iter_markers=list)  # a doctest has no fixtures
    assert fixtures.are_used([other, item]) is used


class Config:
    """A run of pytest that notes what is registered."""

    def __init__(self):
        self.stash, self.registered, self.lines = {}, {}, []
        self.pluginmanager = SimpleNamespace(
            register=lambda part, name: self.registered.setdefault(name, part)
        )

    def getoption(self, _, default=None):
        return default

    def addinivalue_line(self, *line):
        self.lines.append(line)


def test_the_plugin_registers_its_markers_and_is_ready_only_if_it_is_asked_for(monkeypatch):
    wired = []
    monkeypatch.setattr(fixtures, "run_of", wired.append)
    monkeypatch.setattr(plugin.options, "given", lambda config: config.lines[0] == ("told", ""))
    for told in (False, True):
        config = Config()
        config.lines += [("told", "")] * told or [("silent", "")]
        plugin.pytest_configure(config)
        assert config.lines[1:] == [("markers", marker) for marker in fixtures.MARKERS]
        assert config.registered == {"rdsfailover-fixtures": fixtures}
        assert wired == [config] * told
    plugin.pytest_xdist_setupnodes(config)
    assert wired == [config] * 2
    monkeypatch.setattr(fixtures, "are_used", bool)
    plugin.pytest_collection_modifyitems(config, [])
    assert len(wired) == 2
    plugin.pytest_collection_modifyitems(config, [1])
    assert len(wired) == 3


def test_an_unknown_name_is_explained_and_other_errors_are_not(monkeypatch):
    from pytest_rdsfailover.plugin import hints

    asked = []
    monkeypatch.setattr(hints, "hint", lambda error, names: asked.append((error, names)))
    error = AttributeError("a")
    for excinfo in (None, SimpleNamespace(value=KeyError("a")), SimpleNamespace(value=error)):
        plugin.pytest_runtest_makereport(SimpleNamespace(excinfo=excinfo))
    ((found, names),) = asked
    assert found is error
    assert {"rds_cluster", "rds_trial"} <= set(names)
    assert all(name.startswith("rds_") for name in names)


def test_a_run_is_wired_once_and_each_part_has_its_name(monkeypatch):
    config = Config()
    monkeypatch.setattr(registration, "read", lambda _: Settings(seed=7))
    for name in ("Run", "RunSummary", "HtmlPage", "ReportFiles", "TrialsFile", "LiveProgress"):
        monkeypatch.setattr(
            registration, name,
            lambda *_, name=name: SimpleNamespace(
                name=name, settings=Settings(seed=7), sections=None, unwritten=None, unreported=None
            ),
        )  # fmt: skip
    run = wire(config)
    assert run.name == "Run"
    assert wire(config) is run is config.stash[RUN]
    assert (config.stash[PROGRESS].name, config.stash[TRIALS_FILE].name) == (
        "LiveProgress", "TrialsFile",
    )  # fmt: skip
    assert set(config.registered) == {
        f"rdsfailover-{part}"
        for part in ("run", "progress", "trials", "summary", "files", "junit", "moto", "tracebacks")
    }
    assert config.registered["rdsfailover-run"] is run
