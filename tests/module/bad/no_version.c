/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor does not say its version. */
#define NAME no_version
#define VERSION_TEXT NULL
#include "bad.h"
