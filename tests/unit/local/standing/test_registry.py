"""Where standing clusters are written down, and who is believed."""

import os
import stat

import pytest
from standing_clusters import description

from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.local.standing.cluster_file import ClusterFile
from pytest_rdsfailover.local.standing.last_words import noted
from pytest_rdsfailover.local.standing.registry import Registry, check_name
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.owned import hold

GONE = Identity(pid=os.getpid(), born="another boot 1")


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path)}


@pytest.fixture
def registry(environ):
    return Registry(environ)


def files(registry):
    return sorted(path.name for path in registry.directory.iterdir() if path.name != "lock")


def test_what_is_written_down_is_found_as_it_was_and_forgotten_at_the_end(registry):
    with registry.claimed("orders"):
        registry.write(description())

        assert registry.find("orders") == description()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in registry.directory.iterdir()}
        assert modes == {0o600}
        with pytest.raises(SettingError, match="stands already"), registry.claimed("orders"):
            pass
        assert registry.find("orders") == description()  # who was refused has forgotten nothing

    assert files(registry) == []


@pytest.fixture
def killed(registry, monkeypatch, tmp_path):
    """The env file of a cluster `orders` whose process was killed; another has its id now."""
    path = tmp_path / "orders.env"
    with monkeypatch.context() as patch:
        for module in ("registry", "cluster_file"):
            patch.setattr(f"pytest_rdsfailover.local.standing.{module}.own_identity", lambda: GONE)
        claim = registry.claimed("orders")
        claim.__enter__()
        registry.write(description(keeper=GONE, files=(str(path),)))
        ClusterFile(path, "--env-file").write(["A=1"])
        (registry.directory / "orders.log").touch()
    monkeypatch.setattr("pytest_rdsfailover.local.standing.registry.is_owned", lambda _: False)
    yield path
    monkeypatch.undo()
    claim.gen.close()


def test_what_a_killed_cluster_has_left_is_told_once_and_removed(registry, killed):
    with pytest.raises(SettingError, match="'orders' is gone: its process was killed"):
        registry.find("orders")
    assert (files(registry), killed.exists()) == (["orders.log"], False)
    with pytest.raises(SettingError, match="no cluster 'orders' stands"):
        registry.find("orders")


def test_whoever_comes_next_removes_what_killed_clusters_have_left(registry, killed):
    registry.write(description(name="standing"))
    (registry.directory / "starting.claim").write_text(
        f'{{"pid": {GONE.pid}, "born": "{GONE.born}"}}'
    )
    first, second = registry.swept()

    assert first.startswith("the cluster 'orders' is gone: ")
    assert first.endswith(f"what it had written down, {killed} is removed")
    assert second.startswith("the cluster 'starting' is gone: ")
    assert (files(registry), killed.exists()) == (["standing.json"], False)
    assert registry.swept() == []


def test_a_detached_cluster_that_has_ended_by_itself_is_told_once_with_its_last_words(registry):
    said = "a traceback\nthe gateway has ended\n\n"
    for name, log in (("ended", f"{said}{noted(1)}\n"), ("quiet", "")):
        registry.log(name).write_text(log)
    log = hold(registry.log("standing"), os.O_CREAT)

    assert registry.swept() == ["the detached cluster 'ended' has ended: the gateway has ended"]
    assert files(registry) == ["standing.log"]
    os.close(log)


def test_the_last_line_of_a_killed_cluster_is_not_told_as_the_reason_of_its_end(registry):
    registry.log("killed").write_text("failover 1: promoted\nfailover 1: dns_flip\n")

    (said,) = registry.swept()
    assert "'killed' was killed, for no end is on record" in said
    assert said.endswith("its log's last lines: failover 1: promoted | failover 1: dns_flip")


def test_a_name_that_no_cluster_can_have_leads_to_no_file_and_is_no_advice(registry):
    (registry.directory / "not ours.json").write_text("{}")
    for ask in (registry.find, registry.keeper, registry.check_free, registry.log):
        with pytest.raises(SettingError, match=r"cannot be called '\.\./\.\./etc': [^`]*$"):
            ask("../../etc")
    assert (registry.kept(), registry.swept()) == ([], [])


def test_a_cluster_in_another_container_is_not_taken_for_a_killed_one(registry):
    registry.write(description(keeper=GONE))
    claim = hold(registry.directory / "orders.claim", os.O_CREAT)

    assert registry.swept() == []
    for ask in (registry.find, registry.check_free):
        with pytest.raises(SettingError, match=r"in a container|stands already"):
            ask("orders")
    os.close(claim)
    assert len(registry.swept()) == 1


def test_a_cluster_that_is_starting_or_of_another_version_is_told_and_can_be_ended(registry):
    with registry.claimed("orders"):
        for said in ("still starting", "another version"):
            with pytest.raises(
                SettingError, match=rf"{said}.*`rdsfailover down --name orders` ends it"
            ):
                registry.find("orders")
            assert registry.keeper("orders") == own_identity()
            assert registry.kept() == ["orders"]
            (registry.directory / "orders.json").write_text("{}")


def test_the_name_of_a_killed_cluster_can_be_claimed_at_once(registry):
    (registry.directory / "orders.claim").write_text('{"pid": 1, "born": "another boot 1"}')
    (registry.directory / "orders.json").write_text("{}")

    with registry.claimed("orders"):
        assert files(registry) == ["orders.claim"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": "orders"}', "\x00"])
def test_what_is_no_description_is_a_cluster_that_is_gone(registry, text):
    (registry.directory / "orders.json").write_text(text)

    with pytest.raises(SettingError, match="is gone"):
        registry.find("orders")


@pytest.mark.parametrize("changed", [{"places": {}}, {"name": "other"}, {"usual": "quick"}])
def test_what_was_changed_by_hand_so_that_it_does_not_fit_is_refused(registry, changed):
    path = registry.directory / "orders.json"
    with registry.claimed("orders"):
        registry.write(description(**changed))
        (registry.directory / f"{changed.get('name', 'orders')}.json").rename(path)

        with pytest.raises(SettingError, match="or its file was changed; `rdsfailover down"):
            registry.find("orders")


def test_the_nearest_name_is_told(registry):
    registry.write(description())

    with pytest.raises(SettingError, match=r"did you mean 'orders'\?"):
        registry.find("oders")


def test_only_what_stands_is_named(registry):
    registry.write(description())
    registry.write(description(name="killed", keeper=GONE))

    with pytest.raises(SettingError, match=r"stands \(standing: orders\);"):
        registry.find("kiled")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_that_others_can_write_to_is_refused(registry, environ, mode):
    registry.directory.chmod(mode)

    with pytest.raises(SettingError, match="chmod 700"):
        Registry(environ)


def test_a_directory_of_another_user_is_refused(registry, environ, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: registry.directory.stat().st_uid + 1)

    with pytest.raises(SettingError, match="belongs to another user"):
        Registry(environ)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-a", "ä", "a" * 41, "a b", "a\n"])
def test_a_name_that_is_no_file_of_ours_is_refused(name):
    with pytest.raises(SettingError, match="cannot be called"):
        check_name(name)


def test_only_its_owner_sees_what_is_in_the_directory(registry):
    assert stat.S_IMODE(registry.directory.stat().st_mode) == 0o700


def test_a_claim_that_was_given_up_leaves_no_file_open(registry):
    def opened():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - of which one is this listing's

    before = opened()
    with registry.claimed("orders"):
        assert opened() > before
    assert opened() == before


def test_a_draft_that_a_killed_process_has_left_is_in_nobodys_way(registry):
    (registry.directory / "orders.new").write_text("half a descr")
    registry.write(description())
    assert registry.find("orders") == description()


def test_the_keeper_of_a_cluster_is_told_by_its_description_if_no_claim_lives(registry):
    registry.write(description())
    assert registry.keeper("orders") == own_identity()
    (registry.directory / "orders.claim").write_text('{"pid": 1, "born": "another boot 1"}')
    assert registry.keeper("orders") == own_identity()
