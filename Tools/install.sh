#!/bin/sh
# Make the virtual environment .venv of this checkout and install the tested set of packages into it.
#
#   PYTHON       the interpreter to use (default: python3; 3.11 or later)
#   TORCH_INDEX  address of a package index that has CPU builds of torch, asked before the others
#
# pip is otherwise taken as it is configured (mirrors, offline wheel folders: see pip's own documentation).
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    say "install: '$PYTHON' is not Python 3.11 or later; name another: make install PYTHON=python3.12"
    exit 1
}

[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv || {
    rm -rf .venv
    say "install: $PYTHON cannot make a virtual environment; run: sudo apt-get install --yes python3-venv"
    exit 1
}
PYTHON="$PYTHON" sh Tools/install_libraries.sh
export PIP_DISABLE_PIP_VERSION_CHECK=1
pip() { .venv/bin/python -m pip "$@"; }

pip install --quiet --constraint constraints.txt setuptools wheel versioneer numpy

# torch: with an NVIDIA GPU the ordinary build, else the CPU build (0.2 GB instead of several GB), wherever one is found:
# what pip is configured for and TORCH_INDEX; the index that PyTorch publishes, whose address uv knows; at last the
# ordinary build. Nothing that is installed later may replace it: constraints.txt pins the version.
version=$(sed -n 's/^torch==//p' constraints.txt)
if ! .venv/bin/python -c "import importlib.metadata as m, sys; sys.exit(m.version('torch').split('+')[0] != '$version')" 2>/dev/null; then
    index=${TORCH_INDEX:+--extra-index-url $TORCH_INDEX}
    if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then
        say "install: NVIDIA GPU found, installing torch $version with GPU support"
        pip install --quiet --constraint constraints.txt "torch==$version"
    elif pip install --quiet --constraint constraints.txt $index "torch==$version+cpu" 2>/dev/null; then
        say "install: torch $version, CPU build"
    elif pip install --quiet "uv>=0.8,<1" &&
        UV_HTTP_TIMEOUT=30 .venv/bin/uv pip install --quiet --python .venv/bin/python --constraint constraints.txt \
            --torch-backend cpu "torch==$version" 2>/dev/null; then
        say "install: torch $version, CPU build from PyTorch's own index"
    else
        say "install: no CPU build of torch $version for this Python is to be had (TORCH_INDEX may name an index that has one);"
        say "install: installing the ordinary build, which on Linux may be several GB with its GPU libraries"
        pip install --quiet --constraint constraints.txt "torch==$version"
    fi
fi

# pyradiomics is compiled, which needs Python.h. Where it is missing, Debian's package is unpacked inside .venv: that
# needs neither root nor a change to the system.
if ! "$PYTHON" -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))'; then
    python=$("$PYTHON" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    folder=$PWD/.venv/apt
    mkdir -p "$folder/lists/partial" "$folder/archives/partial"
    apt() { apt-get -qq -o APT::Sandbox::User= -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder" "$@"; }
    (apt update && cd "$folder" && apt download "lib$python-dev" && dpkg-deb -x "lib$python-dev"*.deb ../headers) >&2 || {
        say "install: no header files of Python, which pyradiomics is built with; run: sudo apt-get install --yes python3-dev"
        exit 1
    }
    rm -r "$folder"
    export CPATH="$PWD/.venv/headers/usr/include/$python:$PWD/.venv/headers/usr/include"
fi

# pyradiomics names no build requirements, so it has to find them installed.
PYTHONPATH=$PWD/Tools/build_shim pip install --quiet --constraint constraints.txt --no-build-isolation pyradiomics
pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[all]'
pip check >/dev/null || { pip check >&2; exit 1; }
say "install: $(.venv/bin/python --version) with torch $(.venv/bin/python -c 'import importlib.metadata as m; print(m.version("torch"))') in .venv"
