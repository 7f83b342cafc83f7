"""`rdsfailover lambda build`: what it writes works by itself."""

import json
import subprocess
import sys

import commands

from pytest_rdsfailover.load.package import HANDLER

ALONE = """
import importlib, json, sys, zipfile
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [sys.argv[1]]
names = [name for name in zipfile.ZipFile(sys.argv[1]).namelist() if name.endswith(".py")]
for name in names:
    importlib.import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
module, _, handler = sys.argv[2].rpartition(".")
answer = getattr(importlib.import_module(module), handler)({"warm": 0.0}, None)
homes = {module.__file__ for name, module in sys.modules.items() if name.startswith("py")
         if name.split(".")[0] in ("pymysql", "pytest_rdsfailover", "pytest")}
print(json.dumps([answer, sorted(homes)]))
"""


def test_what_is_built_twice_is_the_same_and_runs_alone(tmp_path):
    once, twice = tmp_path / "once.zip", tmp_path / "twice.zip"
    built = commands.done("lambda", "build", once, cwd=tmp_path)
    commands.done("lambda", "build", twice, cwd="/")

    assert built.returncode == 0, built.stderr
    assert f"handler {HANDLER}" in built.stdout
    assert f"{once.stat().st_size / 1e6:.2f} MB" in built.stdout
    assert once.read_bytes() == twice.read_bytes()

    argv = [sys.executable, "-I", "-S", "-c", ALONE, once, HANDLER]
    alone = subprocess.run(argv, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert alone.returncode == 0, alone.stderr
    answer, homes = json.loads(alone.stdout)
    assert answer["cold"]
    assert all(home.startswith(f"{once}/") for home in homes), homes


def test_a_wrong_argument_is_said_before_anything_is_written(tmp_path):
    wrong = commands.done("lambda", "build", tmp_path / "out.tar", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "is a .zip" in wrong.stderr
    assert not list(tmp_path.iterdir())
