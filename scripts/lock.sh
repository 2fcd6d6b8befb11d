#!/usr/bin/env bash
# Pins requirements.txt from pyproject.toml, for Python 3.11 and 3.12 on every platform; needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
python3 - >"$wanted" <<'PY'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
build = ["hatchling", "editables", "cmake<4", "wheel", "setuptools<81"]
horovod_needs = ["cffi", "cloudpickle", "packaging", "psutil", "pyyaml"]
print("\n".join(project["dependencies"] + project["optional-dependencies"]["dev"] + build + horovod_needs))
PY
pin() { # pin NEEDS FILE COMMENT
    {
        echo "# Made by 'make lock': $3"
        uv pip compile -q --universal --python-version 3.11 --generate-hashes \
            --no-emit-index-url --no-header --no-annotate "$1"
    } >"$2.new"
    mv "$2.new" "$2"
}

pin "$wanted" requirements.txt "everything but Horovod, pinned with hashes, for Python 3.11 and 3.12."
printf '%s\n' setuptools\<81 wheel >"$wanted"
pin "$wanted" requirements-build.txt "what source packages are built with."
