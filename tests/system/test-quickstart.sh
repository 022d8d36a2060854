#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# contrib/quickstart on machines that lack something: dpkg-query, apt-get, id and the build are stand-ins, in a folder of their own.
. "$top_srcdir/tests/lib/tap.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
mkdir -p "$T/bin" "$T/top/contrib"
cp "$top_srcdir"/contrib/{quickstart,packages,packages.sh} "$T/top/contrib/"
chmod +x "$T/top/contrib/quickstart"

cat >"$T/bin/dpkg-query" <<'X'
#!/bin/bash
# dpkg-query -W -f FORMAT PACKAGE
grep -qx "${*: -1}" "$FAKE/missing" && { echo "dpkg-query: no packages found matching ${*: -1}" >&2; exit 1; }
printf 'install ok installed'
X
cat >"$T/bin/apt-get" <<'X'
#!/bin/bash
echo "$*" >>"$FAKE/apt-calls"
case $(cat "$FAKE/apt"):$1 in
  works:*) [ "$1" = update ] || : >"$FAKE/missing" ;;
  old-lists:install) echo "E: Unable to locate package kcat" >&2; exit 100 ;;
  old-lists:update) echo works >"$FAKE/apt" ;;
  no-lists:install) echo "E: Unable to locate package kcat" >&2; exit 100 ;;
  no-lists:update) echo "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'" >&2 ;;
  no-network:*)
    echo "Err:1 http://deb.debian.org/debian bookworm/main amd64 kcat amd64 1.7.1-2"
    echo "  Temporary failure resolving 'deb.debian.org'"
    echo "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?" >&2
    exit 100 ;;
  held:*) echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)" >&2; exit 100 ;;
esac
X
printf '#!/bin/bash\n[ "$*" = -u ] && cat "$FAKE/uid" || exec /usr/bin/id "$@"\n' >"$T/bin/id"
chmod +x "$T"/bin/*

# machine UID APT MISSING..: how the machine is
machine () {
  echo "$1" >"$T/uid"; echo "$2" >"$T/apt"; shift 2
  : >"$T/missing"; : >"$T/apt-calls"
  [ $# -eq 0 ] || printf '%s\n' "$@" >"$T/missing"
}
quickstart () { FAKE=$T PATH=$T/bin:$PATH "$T/top/contrib/quickstart" "$@" >"$T/out" 2>"$T/err"; rc=$?; }
# refused NAME TEXT: exit code not 0, one line on standard error with the text, and nothing was built or started
refused () {
  if [ "$rc" -ne 0 ] && [ "$(wc -l <"$T/err")" -eq 1 ] && grep -qF -- "$2" "$T/err"; then ok "$1"
  else nok "$1"; { echo "exit code $rc, output:"; cat "$T/out" "$T/err"; } | diag; fi
}
calls () { # NAME CALLS OF APT-GET
  if [ "$(wc -l <"$T/apt-calls")" -eq "$2" ]; then ok "$1"; else nok "$1"; diag <"$T/apt-calls"; fi
}
nothing_made () { if [ -e "$T/top/_build" ] || [ -e "$T/top/stoker-data" ]; then nok "$1"; else ok "$1"; fi; }

machine 1000 works liblz4-dev kcat
quickstart
refused "not root, two packages missing: the one command" \
  "quickstart: packages are missing; as root: apt-get install -y --no-install-recommends liblz4-dev kcat"
calls "which is not run" 0
nothing_made "and nothing is begun"

machine 0 no-network kcat
quickstart
refused "root, no network: one line" "quickstart: apt-get could not install kcat: no network: Temporary failure resolving 'deb.debian.org'"
calls "without trying twice" 1
nothing_made "and nothing is begun"

machine 0 no-lists kcat
quickstart
refused "root, no network and no lists: one line" "quickstart: apt-get could not install kcat: no network: Temporary failure resolving 'deb.debian.org'"

machine 0 held kcat
quickstart
refused "apt-get's own reason" "quickstart: apt-get could not install kcat: E: Could not get lock"

# contrib/packages: what has a command is installed when the command is missing, whatever package it would come from.
wanted () { # COMMANDS THAT ARE THERE: the packages of the tests that are asked for
  (PROG=x HERE=$T/top/contrib PATH=$T/bin FAKE=$T
  command () { case " $wanted_there dpkg-query " in *" $2 "*) ;; *) false ;; esac; }
  wanted_there=$1
  id () { echo 1000; }
  grep () { /bin/grep "$@"; }
  dpkg-query () { /bin/grep -qx "${*: -1}" "$T/missing" || printf 'install ok installed'; }
  . "$HERE/packages.sh"; need_packages test) 2>&1 | sed 's/.*--no-install-recommends //'
}
printf '%s\n' default-jre-headless maven nodejs npm golang-go >"$T/missing"
is "no Java, Node, Go: their packages are asked for" "$(wanted '')" "default-jre-headless maven nodejs npm golang-go"
is "with Java and Node from elsewhere, only the others" "$(wanted 'java node npm')" "maven golang-go"
is "with all commands, none" "$(wanted 'java mvn node npm go')" ""

# From here on there is a build: one that fails, then one whose broker ends at once.
mkdir "$T/top/_build"
printf 'all:\n\t@echo no such compiler; false\n' >"$T/top/_build/Makefile"
machine 0 old-lists kcat
quickstart
refused "old lists: fetched, then installed, and it goes on to the build" "quickstart: the build failed; see $T/top/_build/build.log"
calls "with three calls" 3

machine 1000 works
quickstart
refused "nothing is missing: straight to the build, no root needed" "quickstart: the build failed"
calls "without apt-get" 0

printf 'all:\n' >"$T/top/_build/Makefile"
printf '#!/bin/bash\necho "stokerd: error: the directory is not mine" >&2; exit 1\n' >"$T/top/_build/stokerd"
chmod +x "$T/top/_build/stokerd"
if (exec 3<>/dev/tcp/127.0.0.1/9092) 2>/dev/null; then
  quickstart
  refused "a port that another program has" "quickstart: port 9092 is held by another program"
else
  quickstart
  refused "a broker that does not start: its reason" "quickstart: stokerd ended: stokerd: error: the directory is not mine"
fi

quickstart --nonsense
if [ "$rc" -eq 2 ] && grep -q 'contrib/quickstart --stop' "$T/out"; then ok "an unknown option: usage, 2"; else nok "an unknown option: usage, 2"; fi
quickstart --stop
if [ "$rc" -eq 0 ] && grep -q 'no broker of ours' "$T/out"; then ok "--stop without a broker"; else nok "--stop without a broker"; fi
tap_done
