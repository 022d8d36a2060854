/* SPDX-License-Identifier: Apache-2.0 */
#include "acl.h"

#include <stddef.h>
#include <string.h>

void
zk_acls_init (Acls *a, bool set)
{
  a->set = set;
  a->readable[0] = (struct ACL){ ZOO_PERM_ALL, ZOO_AUTH_IDS };
  a->readable[1] = (struct ACL){ ZOO_PERM_READ, ZOO_ANYONE_ID_UNSAFE };
  a->open = ZOO_OPEN_ACL_UNSAFE;
  a->creator = (struct ACL_vector){ 2, a->readable };
  a->secret = ZOO_CREATOR_ALL_ACL;
}

const struct ACL_vector *
zk_acls_of (const Acls *a, const char *path)
{
  static const char *const secret[] = { "/config/users", "/config/brokers", "/delegation_token" };

  if (!a->set)
    return &a->open;
  for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
    size_t len = strlen (secret[i]);
    if (strncmp (path, secret[i], len) == 0 && (path[len] == '\0' || path[len] == '/'))
      return &a->secret;
  }
  return &a->creator;
}
