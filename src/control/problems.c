/* SPDX-License-Identifier: Apache-2.0 */
#include "control/problems.h"

#define AREA "config"

int
stk_problems_tell (StkLog *log, const StkReport *report, StokerError *err)
{
  size_t n = stk_report_errors (report);

  for (size_t i = 0; i < stk_report_warnings (report); i++)
    stk_log (log, STOKER_LOG_WARN, AREA, "config.warning", "%s", stk_report_warning_line (report, i));
  if (n == 0)
    return 0;
  if (n == 1)
    return stk_report_to_error (report, err);
  for (size_t i = 0; i < n; i++)
    stk_log (log, STOKER_LOG_ERROR, AREA, "config.wrong", "%s", stk_report_error_line (report, i));
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "the configuration has %zu errors, see above", n);
}
