#!/usr/bin/env bash
# Sets up Box2Seg in .venv beside this file. Needs Python >= 3.11, no sudo; a second run has nothing to do.
#
#   bash install.sh              set up, then print what works
#   bash install.sh demo         set up if need be, then make masks of the bundled clips, in demo_out/
#   bash install.sh test         set up if need be, then run the tests (more arguments go to pytest)
#
# BOX2SEG_PYTHON       the Python to make .venv with (the first of python3, python3.13 ... that is new enough)
# BOX2SEG_TORCH_INDEX  a package index to take torch and torchvision from, both; the wheels for machines without
#                      a GPU are smaller: https://download.pytorch.org/whl/cpu
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

venv=.venv
python=$venv/bin/python
log=$venv/install.log
stamp=$venv/box2seg-installed

say() { printf '%s\n' "install.sh: $*"; }
fail() { printf '%s\n' "install.sh: $*" >&2; exit 1; }

# pip_install WHAT ARGUMENTS...: one line when it fails, all that pip says in the log.
pip_install() {
    local what=$1 reason
    shift
    say "installing $what ..."
    printf '\n== %s: pip install %s\n' "$what" "$*" >>"$log"
    "$python" -m pip install --disable-pip-version-check --no-input "$@" >>"$log" 2>&1 && return
    reason=$(awk '/^== / {found = ""} tolower($1) ~ /^error/ {found = $0} END {print found}' "$log")
    fail "$what could not be installed: ${reason:-pip failed} (the whole output is in $PWD/$log)"
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11 python)
    [ -z "${BOX2SEG_PYTHON:-}" ] || candidates=("$BOX2SEG_PYTHON")
    for candidate in "${candidates[@]}"; do
        if is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none is among: ${candidates[*]}" \
        "(BOX2SEG_PYTHON=/path/to/python names one)"
}

make_venv() {
    if "$python" -c '' 2>/dev/null; then
        is_new_enough "$python" || fail "$PWD/$venv holds a Python older than 3.11: delete it and try again"
        "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null ||
            fail "$PWD/$venv holds no pip: delete it and try again"
        return
    fi
    local base
    base=$(find_python)
    say "making $PWD/$venv with $base"
    "$base" -m venv --clear "$venv" ||
        fail "$base cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)"
}

# The compiled part of torchvision fits only the torch it was built for: this runs it.
pair_works() {
    "$python" - >>"$log" 2>&1 <<'PY'
import torch, torchvision
torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
PY
}

pair_versions() {
    "$python" -m pip list --disable-pip-version-check 2>/dev/null |
        awk '$1 == "torch" || $1 == "torchvision" {printf "%s%s %s", sep, $1, $2; sep = " and "}'
}

install_torch() {
    pair_works && return
    local from=(torch torchvision) origin="the package index of pip"
    if [ -n "${BOX2SEG_TORCH_INDEX:-}" ]; then
        origin=$BOX2SEG_TORCH_INDEX
        from+=(--index-url "$origin")
        # that index alone: what pip is set up to look at besides could give one of the two
        local -x PIP_CONFIG_FILE=/dev/null PIP_EXTRA_INDEX_URL='' PIP_FIND_LINKS=''
    fi
    pip_install "torch and torchvision from $origin (up to a few GB)" "${from[@]}"
    pair_works && return
    say "$(pair_versions) do not work together, as happens when they come from different indexes"
    pip_install "both again, from $origin" --upgrade --force-reinstall "${from[@]}"
    pair_works || fail "$(pair_versions) do not work together (see $PWD/$log);" \
        "set BOX2SEG_TORCH_INDEX to an index that has both"
}

# visdom comes as source and builds only with setuptools < 81. pip before 25.3 hands PIP_CONSTRAINT on to the
# build, later ones PIP_BUILD_CONSTRAINT.
install_visdom() {
    local constraints=$venv/visdom-constraints.txt charts  # relative: pip takes a space for the end of a path
    echo 'setuptools<81' >"$constraints"
    charts=$("$python" - <<'PY'
import tomllib
from pathlib import Path

print(*tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]["charts"])
PY
    )
    # shellcheck disable=SC2086  # one requirement a word
    PIP_CONSTRAINT=$constraints PIP_BUILD_CONSTRAINT=$constraints pip_install "visdom" $charts
}

jpeg_backend() { "$python" -c 'from ltr.data.image_io import jpeg_backend; print(jpeg_backend())'; }

# libturbojpeg is a system library. Without it JPEG files are read with OpenCV: slower, so never fatal.
install_turbojpeg() {
    [ "$(jpeg_backend)" = opencv ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing libturbojpeg ..."
        export DEBIAN_FRONTEND=noninteractive
        {
            apt-get update -q || true
            apt-get install -q -y libturbojpeg0 || apt-get install -q -y libturbojpeg || true
        } >>"$log" 2>&1 </dev/null
        [ "$(jpeg_backend)" = opencv ] || return 0
    fi
    say "hint: JPEG files are read faster with libturbojpeg" \
        "(Debian: apt-get install libturbojpeg0, Ubuntu: apt-get install libturbojpeg)"
}

# What has to be the same for an installation to be up to date.
fingerprint() { { cat pyproject.toml install.sh; pwd; } | cksum; }

set_up() {
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ] && "$python" -c '' 2>/dev/null; then
        return
    fi
    make_venv
    : >"$log"
    install_torch
    install_visdom
    pip_install "box2seg and the rest" --editable '.[charts,dev]'
    pair_works || fail "$(pair_versions) stopped working together (see $PWD/$log); delete $PWD/$venv, try again"
    install_turbojpeg
    say "what works here:"
    "$python" -m ltr.self_check || fail "the self-check above names what does not work"
    fingerprint >"$stamp"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    "")
        [ ! -e "$stamp" ] || already="; delete $PWD/$venv to start over"
        set_up
        say "ready: $PWD/$venv${already:-}"
        ;;
    demo)
        set_up
        exec "$venv/bin/box2seg" demo --out demo_out "$@"
        ;;
    test)
        set_up
        exec "$python" -m pytest -q "$@"
        ;;
    *)
        printf '%s\n' "install.sh: unknown command \"$command\": give none, demo or test" >&2
        exit 2
        ;;
esac
