/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a configuration: all of it, not only the first. Each problem is one line that begins with
 * "file:line: " where there is one, names the key, says what is wrong and what to do. Whoever finds it, and when, does not show:
 * lines stand in the order of the files, what has no place (the command line, what follows from many settings) comes last.
 */
#ifndef STK_CONFIG_REPORT_H
#define STK_CONFIG_REPORT_H

#include <stoker/error.h>

typedef struct StkReport StkReport;

StkReport *stk_report_new (void);
void stk_report_free (StkReport *r);
/* Says that a file is read now: the lines about it come after those about the files before. */
void stk_report_file (StkReport *r, const char *file);
/* file NULL: no place. Always return false, so that `return stk_report_error (..)` reads well. */
bool stk_report_error (StkReport *r, const char *file, unsigned line, const char *fmt, ...) STOKER_PRINTF (4, 5);
bool stk_report_warning (StkReport *r, const char *file, unsigned line, const char *fmt, ...) STOKER_PRINTF (4, 5);

size_t stk_report_errors (const StkReport *r);
size_t stk_report_warnings (const StkReport *r);
/* Lines live as long as the report. */
const char *stk_report_error_line (const StkReport *r, size_t i);
const char *stk_report_warning_line (const StkReport *r, size_t i);
/* The first error and how many more there are, as one error of code CONFIG. Always returns -1. */
int stk_report_to_error (const StkReport *r, StokerError *err);

#endif
