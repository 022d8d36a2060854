# SPDX-License-Identifier: Apache-2.0
# Sourced by contrib/check and contrib/quickstart: installs the Debian packages of contrib/packages that are missing.

# need_packages GROUP..: 0 when all are there (afterwards); else one clear line on standard error and 1.
need_packages () {
  local group missing=() p
  command -v dpkg-query >/dev/null || { echo "$PROG: this is not a Debian system; the packages needed are listed in contrib/packages" >&2; return 0; }
  for group; do
    while read -r _ p; do
      [ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = 'install ok installed' ] || missing+=("$p")
    done < <(grep "^$group " "$HERE/packages")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "$PROG: packages are missing; as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "$PROG: installing ${#missing[@]} packages: ${missing[*]}"
  local log; log=$(mktemp)
  if ! { apt_install "${missing[@]}" || { apt-get update -q && apt_install "${missing[@]}"; }; } >"$log" 2>&1; then
    echo "$PROG: apt-get could not install ${missing[*]} (no network?): $(grep -E '^(E|Err)' "$log" | head -n 1)" >&2
    rm -f "$log"; return 1
  fi
  rm -f "$log"
}
apt_install () { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }
