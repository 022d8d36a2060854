/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker.conf(5) from the option tables. */
#ifndef GEN_CONF_MAN_H
#define GEN_CONF_MAN_H

#include <glib.h>

void man_page (GString *out);

#endif
