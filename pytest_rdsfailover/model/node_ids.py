"""The names that pytest gives to tests."""


def function_of(test: str) -> str:
    """Return a test's node id without its parameters; its folder may have brackets in its name."""
    file, colons, function = _parts(test)
    return f"{file}{colons}{function.partition('[')[0]}"


def without_folders(test: str) -> str:
    """Return a test's node id without the folders of its file."""
    file, colons, function = _parts(test)
    return f"{file.rpartition('/')[2]}{colons}{function}"


def without_file(test: str) -> str:
    """Return a test's name and its parameters, without its file and its classes."""
    _, _, function = _parts(test)
    name, bracket, parameters = function.partition("[")
    return f"{name.rpartition('::')[2]}{bracket}{parameters}"


def _parts(test: str) -> tuple[str, str, str]:
    """Return the file, the colons, and the rest of a node id; of a mere name, the name as the rest."""
    file, colons, function = test.partition("::")
    return (file, colons, function) if colons else ("", "", test)
