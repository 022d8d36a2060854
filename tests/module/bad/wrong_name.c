/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor has another name than file and symbol. */
#define NAME wrong_name
#define TEXT_NAME "somebody_else"
#include "bad.h"
