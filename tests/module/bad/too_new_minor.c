/* SPDX-License-Identifier: Apache-2.0
 *
 * Written against a minor level that this build does not have yet. */
#define NAME too_new_minor
#define LEVEL (STOKER_API_CURRENT + 7)
#include "bad.h"
