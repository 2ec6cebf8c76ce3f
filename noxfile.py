"""The checks, the same for people and for CI.

`nox` runs them all, `nox --list` names them, `nox --session lint` runs one. Formatting, linting,
type checking and the tests of this Python run where nox itself does; other Pythons, the lowest
dependencies and the user's program get environments of their own, kept for the next run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PACKAGE = "partnercentral_list"
PYTHONS = ("3.11", "3.12", "3.13")
PEERS = ("aiobotocore", "awscli", "boto3", "capo", "dlt")
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TYPED = [path for path in (PACKAGE, "tests/typing") if (ROOT / path).exists()]


def _use_pyenv() -> None:
    """Add pyenv's newest interpreter of each minor version to the PATH, if pyenv is installed."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found: dict[str, tuple[int, Path]] = {}
    for folder in root.glob("versions/*/"):
        match = re.fullmatch(r"(\d+\.\d+)\.(\d+)", folder.name)
        if match and match[1] in PYTHONS and (folder / "bin" / f"python{match[1]}").exists():
            found[match[1]] = max(found.get(match[1], (-1, folder)), (int(match[2]), folder))
    if found:
        chosen = os.environ.get("PYENV_VERSION", "").split(":")
        chosen += [found[minor][1].name for minor in PYTHONS if minor in found]
        os.environ["PYENV_VERSION"] = ":".join(dict.fromkeys(filter(None, chosen)))
        folders = [str(found[minor][1] / "bin") for minor in PYTHONS if minor in found]
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])


def _runs(python: str) -> bool:
    """Return whether that interpreter starts: a pyenv shim may exist and fail to start."""
    path = shutil.which(f"python{python}")
    if path is None:
        return False
    done = subprocess.run([path, "-c", "import ssl, sqlite3"], capture_output=True, check=False)
    return done.returncode == 0


_use_pyenv()
OTHER_PYTHONS = [python for python in PYTHONS if python != THIS_PYTHON and _runs(python)]
MISSING_PYTHONS = [p for p in PYTHONS if p != THIS_PYTHON and p not in OTHER_PYTHONS]
TESTS = f"tests-{THIS_PYTHON}"
# One test process for each core, unless arguments are given.
AT_ONCE = ("--numprocesses", "auto")
# The oldest Python runs every test; the others leave out the exhaustive ones.
NOT_EXHAUSTIVE = ("-m", "not exhaustive")
# pandas, polars, DuckDB and PostgreSQL, more than a gigabyte, are installed with this Python, and
# in their lowest versions.
WITHOUT_EXTRAS = ("--ignore", "tests/frames", "--ignore", "tests/postgres")

nox.needs_version = ">=2025.5.1"
# uv would be used where it happens to be installed: pip everywhere, for the same result everywhere.
nox.options.default_venv_backend = "virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "format",
    "lint",
    "types",
    TESTS,
    *(f"tests-{python}" for python in OTHER_PYTHONS),
    "lowest",
    "consumer",
    "notebooks",
    "package",
    "peers",
]


def _here(session: nox.Session, *command: str) -> None:
    """Run a module with the Python that runs nox."""
    session.run(sys.executable, "-m", *command, external=True)


def _install(session: nox.Session, constraints: str) -> None:
    """Install exactly what a hashed file names, and the package from its source tree."""
    session.install("--require-hashes", "--requirement", f"constraints/{constraints}.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


def _build(session: nox.Session, target: str, source: Path = ROOT) -> Path:
    """Build an sdist or a wheel and return its path."""
    folder = Path(session.create_tmp()).resolve() / f"{target}-of-{source.name}"
    shutil.rmtree(folder, ignore_errors=True)
    with session.chdir(source):
        _here(session, "hatchling", "build", "--target", target, "--directory", str(folder))
    (built,) = folder.iterdir()
    return built


@nox.session(venv_backend="none")
def install(session: nox.Session) -> None:
    """Install the package from its source tree beside nox."""
    _here(
        session,
        *("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."),
    )


@nox.session(venv_backend="none")
def format(session: nox.Session) -> None:
    """Check the formatting; `nox -s format -- --fix` changes the files."""
    if "--fix" in session.posargs:
        _here(session, "ruff", "check", "--select", "I", "--fix", ".")
        _here(session, "ruff", "format", ".")
    else:
        _here(session, "ruff", "format", "--check", ".")


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Run ruff's rules; `nox -s lint -- --fix` repairs what it can."""
    _here(session, "ruff", "check", *session.posargs, ".")


@nox.session(venv_backend="none", requires=["install"])
def types(session: nox.Session) -> None:
    """Run mypy and pyright, both strict, and require that every public type is complete."""
    _here(session, "mypy", *TYPED)
    _pyright(session, sys.executable)
    _pyright(session, sys.executable, "--verifytypes", PACKAGE, "--ignoreexternal")


def _pyright(session: nox.Session, python: str, *arguments: str) -> None:
    """Run pyright over what that Python has installed; --verifytypes finds it on the path only."""
    session.run(
        *(sys.executable, "-m", "pyright", "--pythonpath", python, *arguments),
        external=True,
        env={
            "PATH": os.pathsep.join([str(Path(python).parent), os.environ["PATH"]]),
            "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        },
    )


@nox.session(name=TESTS, venv_backend="none", requires=["install"])
def tests_with_coverage(session: nox.Session) -> None:
    """Run the tests with this Python; without arguments, require 95 % branch coverage."""
    for python in MISSING_PYTHONS:
        session.warn(f"Python {python} was not found: the tests do not run on it")
    if session.posargs:
        _here(session, "pytest", *session.posargs)
        return
    _here(session, "coverage", "erase")
    _here(session, "coverage", "run", "-m", "pytest", *AT_ONCE)
    _here(session, "coverage", "combine", "--quiet")
    _here(session, "coverage", "report")


if OTHER_PYTHONS:

    @nox.session(python=OTHER_PYTHONS)
    def tests(session: nox.Session) -> None:
        """Run the tests with another Python, but for the exhaustive ones."""
        _install(session, "test")
        arguments = (*AT_ONCE, *WITHOUT_EXTRAS, *NOT_EXHAUSTIVE)
        session.run("python", "-m", "pytest", *(session.posargs or arguments))


@nox.session(python=THIS_PYTHON)
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions of the dependencies that the package declares."""
    _install(session, "lowest")
    # The engines of examples are no dependencies: their own oldest releases are nobody's promise.
    arguments = (*AT_ONCE, *NOT_EXHAUSTIVE, "--ignore", "tests/postgres/test_fleet_engines.py")
    session.run("python", "-m", "pytest", *(session.posargs or arguments))


@nox.session(python=THIS_PYTHON)
@nox.parametrize("kernel", ["ipykernel7", "ipykernel6"])
def notebooks(session: nox.Session, kernel: str) -> None:
    """Run code in Jupyter's kernels; with the newer one in marimo, terminals and traces too.

    `nox -s notebooks -- --refresh` executes examples/pipeline.ipynb and writes its outputs.
    """
    is_newer = kernel == "ipykernel7"
    if "--refresh" in session.posargs and not is_newer:
        session.skip("the newer kernel executes the example")
    _install(session, "notebooks" if is_newer else kernel)
    if "--refresh" in session.posargs:
        session.run("python", "-m", "tests.notebooks.example")
        return
    path = "tests/notebooks" if is_newer else "tests/notebooks/test_jupyter.py"
    session.run("python", "-m", "pytest", *(session.posargs or [path]))


@nox.session(python=THIS_PYTHON)
def consumer(session: nox.Session) -> None:
    """Install the wheel as a user does, with no stubs, and check a user's program strictly."""
    wheel = _build(session, "wheel")
    session.install("--require-hashes", "--requirement", "constraints/runtime.txt")
    session.install("--no-deps", "--force-reinstall", str(wheel))
    python = str(Path(session.bin).resolve() / "python")
    folder = Path(session.create_tmp()).resolve() / "program"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "tests" / "consumer", folder)
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11"}), encoding="utf-8"
    )
    sources = sorted(path.name for path in folder.glob("*.py"))
    with session.chdir(folder):
        session.run("python", "-c", _IMPORT_EVERYTHING, PACKAGE)
        _here(
            session,
            *("mypy", "--strict", "--config-file=", "--cache-dir=.mypy_cache"),
            *("--python-executable", python, *sources),
        )
        _pyright(session, python)
        _pyright(session, python, "--verifytypes", PACKAGE, "--ignoreexternal")


_IMPORT_EVERYTHING = """
import importlib, importlib.metadata, sys
package = importlib.import_module(sys.argv[1])
assert "site-packages" in package.__file__, package.__file__
for name in package.__all__:
    getattr(package, name)
names = [distribution.name for distribution in importlib.metadata.distributions()]
stubs = [name for name in names if "stubs" in name or "types-" in name]
assert not stubs, stubs
"""


@nox.session(venv_backend="none", requires=["install"])
def package(session: nox.Session) -> None:
    """Build both distributions and check their contents."""
    sdist = _build(session, "sdist")
    wheel = _build(session, "wheel")
    unpacked = sdist.parent.parent / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    documents = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs")
    for name in (*documents, "noxfile.py", "examples", "tests"):
        if not (source / name).exists():
            session.error(f"the sdist lacks {name}")
    contents = _contents(wheel)
    for name in ("py.typed", "emulator/sample_countries.json"):
        if f"{PACKAGE}/{name}" not in contents:
            session.error(f"the wheel lacks {name}")
    strangers = [n for n in contents if not re.match(rf"{PACKAGE}(-[^/]+\.dist-info)?/", n)]
    if strangers:
        session.error(f"the wheel holds more than the package: {strangers}")
    if _contents(_build(session, "wheel", source)) != contents:
        session.error("the wheel built from the sdist differs from the wheel")


def _contents(wheel: Path) -> dict[str, bytes]:
    """Read a wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@nox.session(venv_backend="none", requires=["install"])
def peers(session: nox.Session) -> None:
    """Compare clients of other authors with this library, and read a replica with dlt."""
    folder = Path(session.create_tmp()).resolve()
    for peer in PEERS:
        environment = folder / peer
        if not (environment / "bin" / "python").exists():
            _here(session, "venv", "--clear", "--without-pip", str(environment))
        _here(
            session,
            *("pip", "--python", str(environment), "install", "--quiet", "--require-hashes"),
            *("--requirement", f"constraints/peer-{peer}.txt"),
        )
    session.env["PEER_ENVIRONMENTS"] = str(folder)
    _here(session, "pytest", "tests/peers", *session.posargs)


@nox.session(venv_backend="none", default=False, requires=["install"])
def nightly(session: nox.Session) -> None:
    """Run the tests that take minutes: the rate of requests, and hundreds of killed workers."""
    _here(session, "pytest", "tests/nightly", *session.posargs)


@nox.session(python=THIS_PYTHON, default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure beside every peer and write docs/performance.md; `-- --quick` writes nothing."""
    _install(session, "bench")
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Write constraints/ anew; `nox -s lock -- --upgrade` takes the newest of everything."""
    session.install("--require-hashes", "--requirement", "constraints/lock.txt")
    for name in [name for name in session.env if name.startswith(("PIP_", "UV_"))]:
        session.env[name] = None
    uv = (
        *("uv", "pip", "compile", "--quiet", "--no-config", "--universal"),
        *("--python-version", PYTHONS[0], "--generate-hashes", "--no-emit-index-url"),
        *("--custom-compile-command", "nox -s lock", *session.posargs),
    )
    ours = (*uv, "pyproject.toml")
    newest = ("--constraints", "constraints/dev.txt")
    tested = (*ours, "--extra", "cli")
    everything = (*tested, "--extra", "pandas", "--extra", "polars", "--extra", "postgres")
    session.run(*everything, "--group", "dev", "--output-file", "constraints/dev.txt")
    session.run(*tested, *newest, "--group", "test", "--output-file", "constraints/test.txt")
    session.run(*ours, *newest, "--output-file", "constraints/runtime.txt")
    for name, extras in (("bench", ()), ("notebooks", ("pandas", "plot")), ("ipykernel6", ())):
        chosen = [word for extra in extras for word in ("--extra", extra)]
        output = ("--output-file", f"constraints/{name}.txt")
        session.run(*ours, *chosen, *newest, "--group", name, *output)
    session.run(
        *(*everything, "--resolution", "lowest-direct"),
        *("--group", "test", "--group", "frames", "--group", "postgres"),
        *("--output-file", "constraints/lowest.txt"),
    )
    session.run(*uv, "--group", "lock", "--output-file", "constraints/lock.txt")
    for peer in PEERS:
        session.run(*uv, "--group", f"peer-{peer}", "--output-file", f"constraints/peer-{peer}.txt")
