/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEAVE_OUT_H
#define LEAVE_OUT_H

#include "power.h"

typedef struct LeaveOut
{
  const char *name;
  StkSimDiskCall call;
  const char *path; /* pattern of the files or folders whose flushes are left out */
  bool matters;
  const char *why; /* it does or does not */
} LeaveOut;

/* Up to a NULL name. */
extern const LeaveOut leave_outs[];
/* For Life.meddle; the meddler is the row. */
int leave_out (Life *l, StkSimDiskCall call, const char *path);

#endif
