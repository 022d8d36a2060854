/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance of modules that are judged by their descriptor alone: a suite is a table of checks over one instance, so
 * that a test program and a checker for module authors can both run it. A check that fails says why and does not end
 * the process.
 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "module/registry.h"
#include "test-host.h"

#include <glib.h>

typedef struct Check
{
  StokerInstance *self; /* started, with default options */
  TestHost *host;
  const char *file; /* of the module; NULL: built in */
  char why[500];    /* a failed check's reason */
} Check;

typedef struct CheckRow
{
  const char *name;
  const char *text; /* what the contract says */
  bool (*run) (Check *c);
} CheckRow;

/* Sets c->why and returns false. */
bool check_fail (Check *c, const char *fmt, ...) G_GNUC_PRINTF (2, 3);
#define CHECK(cond, ...)                                                                                               \
  do {                                                                                                                 \
    if (!(cond))                                                                                                       \
      return check_fail (c, __VA_ARGS__);                                                                              \
  } while (0)

/* Row for every kind: the module's file has no writable data of its own. */
bool check_no_statics (Check *c);

/* Adds every row as a g_test /KIND/NAME/ROW for the module file "KIND/NAME" of the build tree, NULL-terminated list. */
void check_add_tests (const char *const *modules, const CheckRow *rows, size_t n_rows);

extern const CheckRow codec_rows[], partitioner_rows[];
extern const size_t n_codec_rows, n_partitioner_rows;

#endif
