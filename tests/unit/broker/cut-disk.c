/* SPDX-License-Identifier: Apache-2.0 */
#include "cut-disk.h"

#include "over-disk.h"

#include <errno.h>
#include <glib.h>

typedef struct CutDisk
{
  OverDisk over;
  int64_t left; /* < 0: endless */
  bool dead;
} CutDisk;

#define D(d) ((CutDisk *)(d))

static int
gate (OverDisk *over, bool change)
{
  CutDisk *d = (CutDisk *)over;

  if (change && d->left == 0)
    d->dead = true;
  else if (change && d->left > 0)
    d->left--;
  return d->dead ? -EIO : 0;
}

/* Whoever sends a file past the disk would be served by a dead one. */
static int
no_fd (StokerFile *f)
{
  return -1;
}

StokerDisk *
cut_disk_new (StokerDisk *under)
{
  CutDisk *d = g_new0 (CutDisk, 1);

  over_disk_init (&d->over, under);
  d->over.gate = gate;
  d->over.file_ops.fd = no_fd;
  d->left = -1;
  return &d->over.base;
}

void
cut_disk_free (StokerDisk *d)
{
  g_free (d);
}

void
cut_disk_after (StokerDisk *d, int64_t changes)
{
  D (d)->left = changes;
  D (d)->dead = false;
}

bool
cut_disk_dead (StokerDisk *d)
{
  return D (d)->dead;
}
