#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every module is a folder modules/KIND/NAME with its code, its module.am and a test, which the kind's fragment includes.
. "$top_srcdir/tests/lib/tap.sh"
cd "$top_srcdir" || exit 1
for dir in modules/*/*/; do
  dir=${dir%/} kind=$(basename "$(dirname "$dir")")
  is "$dir: the only fragment is module.am" "$(cd "$dir" && echo *.am)" "module.am"
  tests=$(cd "$dir" && echo test-*.c)
  if [ "$tests" != 'test-*.c' ] && grep -q "^TESTS += " "$dir/module.am"; then ok "$dir has a test"; else nok "$dir has a test"; fi
  if grep -qx "include $dir/module.am" "modules/$kind/$kind.am"; then ok "$dir is included"; else nok "$dir is included"; fi
done
tap_done
