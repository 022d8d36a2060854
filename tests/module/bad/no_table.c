/* SPDX-License-Identifier: Apache-2.0
 *
 * Has no table of functions. */
#define NAME no_table
#define OPS NULL
#include "bad.h"
