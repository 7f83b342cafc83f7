"""The names that pytest gives to tests."""


def function_of(test: str) -> str:
    """Return a test's node id without its parameters; its folder may have brackets in its name."""
    file, colons, function = test.partition("::")
    if not colons:
        file, function = "", test
    return f"{file}{colons}{function.partition('[')[0]}"
