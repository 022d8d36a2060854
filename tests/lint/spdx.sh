#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every file that people wrote says its licence. Data and files that cannot hold a comment are named here.
. "$top_srcdir/tests/lib/tap.sh"

cd "$top_srcdir" || exit 1
files () {
  if [ -e .git ] && git rev-parse HEAD >/dev/null 2>&1; then git ls-files; else
    find . -type f \( -name '*.[ch]' -o -name '*.am' -o -name '*.sh' -o -name '*.py' -o -name '*.msg' -o -name configure.ac -o -name '*.md' -o -name NEWS -o -name packages \) -not -path './_*' -not -path './build-aux/*' -not -path './build/*' | sed 's,^\./,,'
  fi
}
missing () {
  files | while read -r f; do
    case $f in
      tests/golden/*.md) ;;
      *.json|*.tsv|*.xz|*.gz|*.bin|*.sum|COPYING|*/corpus/*|tests/golden/*) continue;;
    esac
    [ -f "$f" ] || continue
    head -n 6 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
  done
}
out=$(missing)
is "every file has its SPDX line" "$out" ""
tap_done
