#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# update-conf.sh GEN-CONF CONF-DIR MODULE-DIR: writes stoker.conf, stoker.conf(5) and conf.d/KIND.NAME.conf for every module that is built
# and has options; a module that cannot be loaded keeps the file it has.
set -u
gen=$1 conf=$2 modules=$3
mkdir -p "$conf/conf.d"
"$gen" > "$conf/stoker.conf" || exit 1
"$gen" --man > "$conf/../doc/man/stoker.conf.5" || exit 1
for so in "$modules"/*/*/.libs/*.so "$modules"/*/.libs/*.so; do
  [ -e "$so" ] || continue
  name=$(basename "$so" .so) kind=${so#*/modules/} kind=${kind%%/*}
  file=$conf/conf.d/$kind.${name//_/-}.conf
  if text=$("$gen" "$kind/${name//_/-}"); then
    if [ -n "$text" ]; then printf '%s\n' "$text" > "$file"; else rm -f "$file"; fi
  fi
done
rmdir "$conf/conf.d" 2>/dev/null || :
