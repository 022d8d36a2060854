#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The sample configuration that is checked in is what the option tables give: after a change run `make update-conf`.
. "$top_srcdir/tests/lib/tap.sh"

same () { diff -u "$1" <("$top_builddir/conf/gen-conf" ${2:+"$2"}); }

check "conf/stoker.conf" same "$top_srcdir/conf/stoker.conf"
check "doc/man/stoker.conf.5" same "$top_srcdir/doc/man/stoker.conf.5" --man
for so in "$top_builddir"/modules/*/*/.libs/*.so "$top_builddir"/modules/*/.libs/*.so; do
  [ -e "$so" ] || continue
  name=$(basename "$so" .so) kind=${so#*/modules/} kind=${kind%%/*}
  name=${name//_/-} file=$top_srcdir/conf/conf.d/$kind.$name.conf
  if [ -n "$("$top_builddir/conf/gen-conf" "$kind/$name" 2>/dev/null)" ]; then
    check "conf/conf.d/$kind.$name.conf" same "$file" "$kind/$name"
  else
    check "$kind/$name has no options and no file" test ! -e "$file"
  fi
done
for file in "$top_srcdir"/conf/conf.d/*.conf; do
  [ -e "$file" ] || continue
  spec=$(basename "$file" .conf)
  check "$(basename "$file") is of a module" test -d "$top_srcdir/modules/${spec%%.*}/${spec#*.}"
done
tap_done
