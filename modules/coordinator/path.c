/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <string.h>

static bool
component_ok (const char *at, size_t len)
{
  if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
    return false;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
      return false;
  return true;
}

bool
coord_path_ok (const char *path, bool prefix)
{
  if (path == NULL || path[0] != '/')
    return false;
  if (path[1] == '\0')
    return true;
  while (*path == '/') {
    size_t len = strcspn (++path, "/");
    if (!component_ok (path, len) && !(prefix && len == 0 && path[0] == '\0'))
      return false;
    path += len;
  }
  return true;
}

size_t
coord_path_parent (const char *path)
{
  size_t at = (size_t)(strrchr (path, '/') - path);

  return path[1] == '\0' ? 0 : at == 0 ? 1 : at;
}

const char *
coord_path_name (const char *path)
{
  return strrchr (path, '/') + 1;
}
