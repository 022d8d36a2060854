/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of the tree: "/", or components that each follow a slash.
 */
#ifndef COORD_PATH_H
#define COORD_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Is it one that a node may have? With `prefix` it is what comes before a sequence suffix, so the last component may
 * be empty. */
bool coord_path_ok (const char *path, bool prefix);
/* Length of the parent's path: 0 for "/", 1 for "/a". */
size_t coord_path_parent (const char *path);
/* The last component. */
const char *coord_path_name (const char *path);

#endif
