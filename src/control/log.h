/* SPDX-License-Identifier: Apache-2.0
 *
 * The structured log: one writer per broker. An event has a time, a level, an area ("net", "storage/segment"), a short
 * stable id ("segment.rolled"), a text and key=value pairs; it becomes one line of text or of JSON, handed to a sink.
 * Pairs follow the text after " | " in the format: stk_log (l, STOKER_LOG_INFO, "net", "conn.closed", "closed |
 * peer=%s", p).
 *
 * Levels are per area and may change while running. Each event id may write STK_LOG_BURST lines a second; what is over
 * that is counted, and the next line that gets through says `suppressed=N`. DEBUG is not limited.
 *
 * Thread: any. A function logs or returns an error, never both.
 */
#ifndef STK_CONTROL_LOG_H
#define STK_CONTROL_LOG_H

#include <stoker/host.h>

#include <stdarg.h>

#define STK_LOG_BURST 64

typedef struct StkLog StkLog;

typedef enum StkLogFormat
{
  STK_LOG_TEXT = 0,
  STK_LOG_JSON = 1,
} StkLogFormat;

/* Where lines go. `line` ends in a newline that `len` counts. Called with the log's lock held: must not log. */
typedef void (*StkLogSink) (void *user, StokerLogLevel level, const char *event, const char *line, size_t len);

/* now_ms (clock) gives the time of day. Level INFO for every area at first. */
StkLog *stk_log_new (int64_t (*now_ms) (void *clock), void *clock, StkLogFormat format, StkLogSink sink, void *user);
void stk_log_free (StkLog *l);

/* A sink that writes to file descriptor 2. `user` is not used. */
void stk_log_stderr_sink (void *user, StokerLogLevel level, const char *event, const char *line, size_t len);
/* Makes the log write to the end of the file `path` from now on (created when missing), in place of its sink. Call it
 * again for log rotation. 0, or -1 with *err: then it goes on as before. */
int stk_log_to_file (StkLog *l, StokerDisk *disk, const char *path, StokerError *err);

void stk_log_set_format (StkLog *l, StkLogFormat format);
/* area NULL: every area that has no level of its own. "storage" also covers "storage/segment". */
void stk_log_set_level (StkLog *l, const char *area, StokerLogLevel level);
/* Forgets the levels of single areas. */
void stk_log_reset_levels (StkLog *l);
/* Would a line of this level be written? Cheap. */
bool stk_log_enabled (const StkLog *l, const char *area, StokerLogLevel level);

/* l NULL: does nothing. */
void stk_log (StkLog *l, StokerLogLevel level, const char *area, const char *event, const char *fmt, ...)
    STOKER_PRINTF (5, 6);
void stk_logv (StkLog *l, StokerLogLevel level, const char *area, const char *event, const char *fmt, va_list ap)
    STOKER_PRINTF (5, 0);

const char *stk_log_level_name (StokerLogLevel level); /* "error", "warn", "info", "debug" */
bool stk_log_level_parse (const char *text, StokerLogLevel *out);

#endif
