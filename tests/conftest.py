"""What all tests share: pytester, and a plugin under test that is loaded from this checkout."""

pytest_plugins = ["pytester"]
