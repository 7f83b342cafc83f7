"""Where the clusters of these tests are written down."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def own_state(tmp_path_factory):
    """Write clusters down apart from those of others, who may kill theirs, or have killed them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
