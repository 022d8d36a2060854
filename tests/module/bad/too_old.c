/* SPDX-License-Identifier: Apache-2.0
 *
 * Written against a module API of an older major level. */
#define NAME too_old
#define LEVEL 0x00000009u
#include "bad.h"
