/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor does not begin with STOKER_MODULE_MAGIC. */
#define NAME wrong_magic
#define MAGIC 0x12345678u
#include "bad.h"
