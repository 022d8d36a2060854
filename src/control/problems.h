/* SPDX-License-Identifier: Apache-2.0
 *
 * From a report about the configuration to the log and one error.
 */
#ifndef STK_CONTROL_PROBLEMS_H
#define STK_CONTROL_PROBLEMS_H

#include "config/report.h"
#include "control/log.h"

/* Logs the warnings. Without errors: 0. One error: -1 with it in *err, not logged. More: each is logged, in the order of the files,
 * and *err says how many there are. */
int stk_problems_tell (StkLog *log, const StkReport *report, StokerError *err);

#endif
