# SPDX-License-Identifier: Apache-2.0
# STOKER_BUILTIN_MODULES: --with-builtin-modules=LIST|all links modules into libstoker.so besides building their loadable objects: one
# file less to find and to open for each. LIST has commas: codec/zstd,protocol/kafka. Sets BUILTIN_LIBS and writes
# builtin-list.h, which src/module/builtin_table.c includes.
AC_DEFUN([STOKER_BUILTIN_MODULES], [
  stoker_all_modules="protocol/kafka coordinator/local storage/segment storage/memory cleaner/delete codec/gzip codec/snappy codec/lz4 codec/zstd partitioner/round-robin partitioner/murmur2 partitioner/crc32 partitioner/fnv1a partitioner/sticky partitioner/random"
  AC_ARG_WITH([builtin-modules],
    [AS_HELP_STRING([--with-builtin-modules=LIST], [link these modules into the core (KIND/NAME, ..; all; default none)])],
    [], [with_builtin_modules=no])
  AS_CASE([$with_builtin_modules],
    [no], [stoker_builtin=""],
    [yes|all], [stoker_builtin="$stoker_all_modules"],
    [stoker_builtin=$(echo "$with_builtin_modules" | tr ',' ' ')])
  BUILTIN_LIBS=""
  BUILTIN_LDADD=""
  stoker_builtin_list=""
  for module in $stoker_builtin; do
    AS_CASE([" $stoker_all_modules "], [*" $module "*], [],
      [AC_MSG_ERROR([--with-builtin-modules: there is no module $module; there are: $stoker_all_modules])])
    kind=${module%%/*}
    name=${module#*/}
    AS_CASE([$module],
      [protocol/kafka], [libs="libprotocol-kafka.la libkafkawire.la"],
      [coordinator/local], [libs="modules/coordinator/libcoordinator-local.la"; BUILTIN_LDADD="$BUILTIN_LDADD $SQLITE_LIBS"],
      [storage/*|cleaner/*], [libs="libstoker-$kind-$name.la"],
      [libs="modules/$kind/$name/lib$name.la"])
    BUILTIN_LIBS="$BUILTIN_LIBS $libs"
    stoker_builtin_list="$stoker_builtin_list STK_BUILTIN($kind, $(echo $name | tr - _))"
  done
  AC_SUBST([BUILTIN_LIBS])
  AC_SUBST([BUILTIN_LDADD])
  AC_CONFIG_COMMANDS([builtin-list.h],
    [echo "/* SPDX-License-Identifier: Apache-2.0 */ $stoker_builtin_list" > builtin-list.tmp
     cmp -s builtin-list.tmp builtin-list.h 2>/dev/null && rm -f builtin-list.tmp || mv builtin-list.tmp builtin-list.h],
    [stoker_builtin_list='$stoker_builtin_list'])
])
