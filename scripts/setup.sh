#!/usr/bin/env bash
# Makes .venv with everything pinned and byte-compiled, Horovod included where a C++ compiler is present.
#   PYTHON             interpreter to use (3.11 or 3.12); default: the first of python3.12, python3.11, python3 that fits
#   NAS_HOROVOD=0      leaves Horovod out
#   NAS_WHEEL_CACHE    where built wheels are kept; default: ~/.cache/nas/wheels
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv

say() { printf '%s\n' "$*" >&2; }

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.12 python3.11}; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "Error: Python 3.11 or 3.12 with the venv module is needed (PYTHON=/path/to/python3.11 make setup)."
    say "       Debian and Ubuntu: apt-get install python3-venv"
    exit 1
}

install_horovod() {
    if [ "${NAS_HOROVOD:-1}" = 0 ]; then
        say "Horovod left out (NAS_HOROVOD=0): everything but the Horovod modes works."
        return
    fi
    if ! command -v "${CXX:-g++}" >/dev/null; then
        say "No C++ compiler: Horovod is left out, everything but its modes works."
        say "To add it: apt-get install g++ make, then rm -r $venv/.ready && make setup"
        return
    fi
    local key cache wheel
    key=$("$venv/bin/python" -c 'import sys, sysconfig
from importlib.metadata import version
parts = ["horovod-0.28.1-tensorflow", version("tensorflow"), sys.implementation.cache_tag, sysconfig.get_platform()]
print("-".join(parts))')
    key="$key-${HOROVOD_CPU_OPERATIONS:-GLOO}${HOROVOD_GPU_OPERATIONS:+-$HOROVOD_GPU_OPERATIONS}"
    cache="${NAS_WHEEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nas/wheels}/$key"
    wheel=$(ls "$cache"/horovod-*.whl 2>/dev/null | head -n 1 || true)
    if [ -z "$wheel" ]; then
        say "Building Horovod for this TensorFlow (once, 3 to 8 minutes; log: $venv/horovod-build.log)"
        build_horovod "$cache"
        wheel=$(ls "$cache"/horovod-*.whl | head -n 1)
    fi
    "$venv/bin/pip" install -q --no-deps "$wheel"
}

build_horovod() {
    local made mpi=HOROVOD_WITHOUT_MPI=1
    made=$(mktemp -d)
    # Gloo stays in beside Open MPI, for hosts without its mpirun.
    [ "${HOROVOD_CPU_OPERATIONS:-GLOO}" != MPI ] || mpi=HOROVOD_WITH_MPI=1
    # Gloo needs no MPI and no ssh on one host; CMake 4 refuses Gloo's old policy level without the last variable.
    if ! env "$mpi" HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
        HOROVOD_WITH_GLOO=1 HOROVOD_CPU_OPERATIONS="${HOROVOD_CPU_OPERATIONS:-GLOO}" \
        MAKEFLAGS="-j$(nproc)" CMAKE_POLICY_VERSION_MINIMUM=3.5 PATH="$PWD/$venv/bin:$PATH" \
        "$venv/bin/pip" wheel --no-deps --no-build-isolation --no-binary horovod --require-hashes \
        -w "$made" -r requirements-horovod.txt >"$venv/horovod-build.log" 2>&1; then
        tail -n 20 "$venv/horovod-build.log" >&2
        say "Error: Horovod did not build. NAS_HOROVOD=0 make setup goes on without it."
        exit 1
    fi
    mkdir -p "$1"
    # A rename within the cache is all or nothing; a move from another disk is not.
    for wheel in "$made"/horovod-*.whl; do
        cp "$wheel" "$1/partial-$$" && mv "$1/partial-$$" "$1/${wheel##*/}"
    done
    rm -rf "$made"
}

python=$(find_python)
[ -x "$venv/bin/pip" ] || "$python" -m venv --clear "$venv"
say "Installing the pinned packages into $venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/pip" install -q --require-hashes -r requirements-build.txt
# Without build isolation source packages are built with the pinned tools too, not with what is newest.
"$venv/bin/pip" install -q --no-build-isolation --require-hashes -r requirements.txt
"$venv/bin/pip" install -q --no-deps --no-build-isolation -e .
install_horovod
# Every process of a parallel job imports TensorFlow: compiled files halve that time.
"$venv/bin/python" -m compileall -q -j 2 "$venv"/lib/python3.*/site-packages nas_cli >/dev/null || true
touch "$venv/.ready"
say "Ready: $venv/bin/nas --help"
