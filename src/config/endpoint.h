/* SPDX-License-Identifier: Apache-2.0
 *
 * Listener texts: "PLAINTEXT://host:port", "INTERNAL://[::1]:9092", "PLAINTEXT://:9092". Pure functions.
 */
#ifndef STK_CONFIG_ENDPOINT_H
#define STK_CONFIG_ENDPOINT_H

#include "config/broker_config.h"

/* Splits `text`; *out gets copies that stk_endpoint_clear frees. An empty host stays empty. */
int stk_endpoint_parse (const char *text, StkEndpoint *out, StokerError *err);
void stk_endpoint_clear (StkEndpoint *e);

#endif
