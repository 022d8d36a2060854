/* SPDX-License-Identifier: Apache-2.0
 *
 * The symbol says partitioner, the descriptor says codec. */
#define NAME wrong_kind
#define KIND STOKER_KIND_CODEC
#include "bad.h"
