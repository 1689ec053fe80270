#!/bin/sh
# Names what is missing, with the Debian or Ubuntu package that brings it.
python=${1:-python3}
compiler=${CXX:-c++}
missing=0

need() {
    echo "weft: $1 is missing; install it with: apt install $2" >&2
    missing=1
}

if ! command -v "$python" >/dev/null 2>&1; then
    need "Python 3.11 or later ($python)" "python3 python3-venv libpython3-dev"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "weft: $python is $("$python" -V 2>&1); 3.11 or later is needed: make PYTHON=python3.11 ..." >&2
    missing=1
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null || need "the module venv of Python" python3-venv
    # cocotb loads Python into the simulator.
    "$python" - 2>/dev/null <<'PY' || need "Python's shared library" libpython3-dev
import glob, os, sys, sysconfig
version = f"{sys.version_info.major}.{sys.version_info.minor}"
folders = [sysconfig.get_config_var(v) or "" for v in ("LIBDIR", "LIBPL")]
folders += [os.path.join(sys.base_prefix, "lib")]
multiarch = sysconfig.get_config_var("MULTIARCH")
if multiarch:
    folders += [os.path.join(f, multiarch) for f in folders if f]
found = any(glob.glob(os.path.join(f, f"libpython{version}*.so*")) for f in folders if f)
sys.exit(not found)
PY
fi
command -v make >/dev/null 2>&1 || need make make
command -v perl >/dev/null 2>&1 || need perl perl
command -v "$compiler" >/dev/null 2>&1 || need "a C++ compiler ($compiler)" g++
exit $missing
