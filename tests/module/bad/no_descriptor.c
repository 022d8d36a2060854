/* SPDX-License-Identifier: Apache-2.0
 *
 * Exports a symbol, but no descriptor of this name. */
#define NAME no_descriptor
#define SYMBOL stoker_module_partitioner_renamed
#include "bad.h"
