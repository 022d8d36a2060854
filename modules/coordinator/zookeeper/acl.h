/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may do what with the nodes that are made here, by the rules of Kafka's zookeeper.set.acl: everybody anything; or only who made
 * them, and all others may read what holds no secrets (kafka-facts 6).
 */
#ifndef ZOOKEEPER_ACL_H
#define ZOOKEEPER_ACL_H

#include <stdbool.h>

#include <zookeeper/zookeeper.h>

typedef struct Acls
{
  bool set;
  struct ACL readable[2];
  struct ACL_vector open, creator, secret;
} Acls;

void zk_acls_init (Acls *a, bool set);
/* For a node with this path (without the chroot). */
const struct ACL_vector *zk_acls_of (const Acls *a, const char *path);

#endif
