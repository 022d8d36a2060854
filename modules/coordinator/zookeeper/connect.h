/* SPDX-License-Identifier: Apache-2.0
 *
 * `HOST:PORT,HOST:PORT/CHROOT`, as zookeeper.connect has it. The chroot is put before each path here and not left to the library, which
 * would take one that does not exist and answer NO_NODE to everything.
 */
#ifndef ZOOKEEPER_CONNECT_H
#define ZOOKEEPER_CONNECT_H

#include <stoker/coordinator.h>

typedef struct Connect
{
  char *hosts;  /* as the library wants them: HOST:PORT,.. */
  char *chroot; /* "" or "/a/b" */
  size_t chroot_len;
} Connect;

/* 0, or -1 with *err: a host without a name, a port that is none, a chroot that is no path. A host without a port has 2181. */
int zk_connect_parse (const char *text, Connect *out, StokerError *err);
void zk_connect_clear (Connect *c);
/* The path as the servers know it; g_free. "/" is the chroot itself. */
char *zk_connect_full (const Connect *c, const char *path);
/* The path as the caller knows it: a part of `full`, or "/". NULL: it is not below the chroot. */
const char *zk_connect_strip (const Connect *c, const char *full);

#endif
