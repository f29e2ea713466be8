#!/usr/bin/env bash
# The wheel, installed into clean environments: with the extra `cli`, `uow-events db upgrade` works on a scratch database;
# without it, the command says which extra is missing. PostgreSQL comes from where the tests take theirs.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "Building the wheel"
mkdir "$work/source"
cp -r pyproject.toml README.md LICENSE uow_events "$work/source"
"$python" -m build --wheel --outdir "$work/dist" "$work/source" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
wheel=$(echo "$work"/dist/*.whl)

echo "Installing it without extras"
"$python" -m venv "$work/plain"
"$work/plain/bin/pip" install --quiet --disable-pip-version-check "$wheel"
code=0
message=$("$work/plain/bin/uow-events" db upgrade 2>&1) || code=$?
echo "$message"
expected="Error: The command uow-events needs the extra 'cli': pip install 'uow-events[cli]'"
[[ $code == 2 && $message == "$expected" ]] || { echo "Expected exit code 2 and: $expected"; exit 1; }

echo "Installing it with the extra cli"
"$python" -m venv "$work/cli"
"$work/cli/bin/pip" install --quiet --disable-pip-version-check "$wheel[cli]"
"$work/cli/bin/uow-events" --version
"$python" - "$work/cli/bin/uow-events" <<'PY'
import asyncio
import sys

from tests.postgres.databases import Databases
from tests.postgres.server import server


async def main(command: str) -> None:
    async with server() as url, Databases(url).empty() as scratch:
        dsn = scratch.set(drivername="postgresql").render_as_string(hide_password=False)
        for action, expected in (("check", 1), ("upgrade", 0), ("check", 0), ("downgrade", 0)):
            ended = await (await asyncio.create_subprocess_exec(command, "db", action, "--dsn", dsn)).wait()
            if ended != expected:
                sys.exit(f"uow-events db {action} ended with {ended}, expected {expected}")


asyncio.run(main(sys.argv[1]))
PY
echo "The wheel works."
