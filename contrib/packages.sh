# SPDX-License-Identifier: Apache-2.0
# Sourced by contrib/check and contrib/quickstart: installs the Debian packages of contrib/packages that are missing.

# need_packages GROUP..: 0 when all are there (afterwards); else one clear line on standard error and 1.
need_packages () {
  local group missing=() p command
  command -v dpkg-query >/dev/null || { echo "$PROG: this is not a Debian system; the packages needed are listed in contrib/packages" >&2; return 0; }
  for group; do
    while read -r _ p command; do
      [ -n "$command" ] && command -v "$command" >/dev/null && continue
      [ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = 'install ok installed' ] || missing+=("$p")
    done < <(grep "^$group " "$HERE/packages")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "$PROG: packages are missing; as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "$PROG: installing ${#missing[@]} packages: ${missing[*]}"
  local log why; log=$(mktemp)
  # Lists that are old or absent are fetched and it is tried again; without a network that cannot help.
  if apt_install "${missing[@]}" >"$log" 2>&1 || { [ -z "$(no_network "$log")" ] && apt-get update -q >>"$log" 2>&1 && apt_install "${missing[@]}" >>"$log" 2>&1; }; then
    rm -f "$log"; return 0
  fi
  why=$(no_network "$log")
  [ -n "$why" ] && why="no network: $why" || why=$(grep -E '^E:' "$log" | head -n 1)
  echo "$PROG: apt-get could not install ${missing[*]}: ${why:-$(tail -n 1 "$log")}" >&2
  rm -f "$log"; return 1
}
no_network () { # log of apt-get: what it could not reach, if that is why it failed
  grep -ohE "(Temporary failure resolving|Could not (resolve|connect to)|Cannot initiate the connection to|Unable to connect to|Network is unreachable|Connection (refused|timed out))[^(]*" "$1" | head -n 1
}
apt_install () { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }
