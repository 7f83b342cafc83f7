"""What RDS makes of a switchover that it has accepted, other than a switchover."""

from test_live_effect import answer

from pytest_rdsfailover.local.profiles.switchovers import load_switchover

DONE = b"<SwitchoverBlueGreenDeploymentResponse><SwitchoverBlueGreenDeploymentResult><BlueGreenDeployment/></SwitchoverBlueGreenDeploymentResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SwitchoverBlueGreenDeploymentResponse>"
SHORT = """
prepare = "50ms"
drop = "850ms"
switch = "1s"
blue_dns = "1.2s"
green_dns = "2.2s"
"""


def instead(live, play):
    """Have something else played by the call; AWS answers that it has accepted the switchover."""

    def accept(**_):
        play()
        return answer(200, DONE)

    client = live.region.client("rds", once=True)
    client.meta.events.register("before-send.rds.SwitchoverBlueGreenDeployment", accept)


def _profile(folder, more=""):
    path = folder / "short.toml"
    path.write_text(SHORT + more)
    return load_switchover(str(path))


def quick(twin, folder):
    """Play a switchover that is over soon."""
    twin._play(_profile(folder), 1, 300.0)


def guarded(twin, folder):
    """Play a switchover that no open write may outlast."""
    twin._play(_profile(folder, "long_write = 0\n"), 1, 300.0)


def rolled_back(twin, folder):
    """Play a switchover that takes longer than its time-out."""
    twin._play(_profile(folder), 1, 0.5)
