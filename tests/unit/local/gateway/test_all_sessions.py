"""A script meets the sessions of the instances' own endpoints and the proxy's as one."""

from types import SimpleNamespace

from pytest_rdsfailover.local.gateway.all_sessions import AllSessions


class Part:
    """One of the two: keeps what it is told."""

    def __init__(self, name, threads):
        self.name, self.threads, self.told = name, threads, []

    def cut(self, instance, how):
        self.told.append(("cut", instance, how))
        return set(self.threads)

    def keep(self, instance):
        self.told.append(("keep", instance))
        return SimpleNamespace(lost={1})

    def go_on(self, instance):
        self.told.append(("go on", instance))

    def reset_silent(self, instance):
        self.told.append(("reset", instance))


def test_both_are_cut_and_reset_and_only_the_own_endpoints_keep_sessions():
    direct, proxy = Part("direct", {1, 2}), Part("proxy", {3})
    sessions = AllSessions(direct, proxy)

    assert sessions.cut("a", "hang") == {1, 2, 3}
    assert sessions.keep("a").lost == {1, 3}
    sessions.go_on("a")
    sessions.reset_silent("b")
    assert direct.told == [("cut", "a", "hang"), ("keep", "a"), ("go on", "a"), ("reset", "b")]
    assert proxy.told == [("cut", "a", "hang"), ("cut", "a", "reset"), ("reset", "b")]
