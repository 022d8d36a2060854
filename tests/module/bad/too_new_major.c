/* SPDX-License-Identifier: Apache-2.0
 *
 * Written against a module API of the next major level. */
#define NAME too_new_major
#define LEVEL 0x00020000u
#include "bad.h"
