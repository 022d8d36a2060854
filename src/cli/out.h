/* SPDX-License-Identifier: Apache-2.0
 *
 * What commands print: tables for people, JSON for programs.
 */
#ifndef STK_CLI_OUT_H
#define STK_CLI_OUT_H

#include <stoker/types.h>

#include <glib.h>

/* A table: columns are as wide as their widest cell; one whose cells are all numbers is flush right. */
typedef struct CliTable CliTable;
CliTable *cli_table_new (const char *const *headers); /* NULL-terminated */
/* Adds a cell; a row is as many as there are headers. */
void cli_table_cell (CliTable *t, const char *fmt, ...) G_GNUC_PRINTF (2, 3);
void cli_table_str (CliTable *t, StokerStr s); /* null: "-" */
/* Prints and frees it. */
void cli_table_print (CliTable *t);

/* JSON, written as it goes. key NULL: an element of an array, or the document itself. */
typedef struct CliJson
{
  GString *out;
  bool comma;
} CliJson;

void cli_json_begin (CliJson *j, const char *key, char bracket); /* '{' or '[' */
void cli_json_end (CliJson *j, char bracket);                    /* '}' or ']' */
void cli_json_str (CliJson *j, const char *key, StokerStr s);    /* null: null; bytes that are not UTF-8: U+FFFD */
void cli_json_text (CliJson *j, const char *key, const char *s);
void cli_json_int (CliJson *j, const char *key, int64_t v);
void cli_json_real (CliJson *j, const char *key, double v); /* to six digits; what is no number: null */
void cli_json_bool (CliJson *j, const char *key, bool v);
void cli_json_null (CliJson *j, const char *key);
void cli_json_raw (CliJson *j, const char *key, const char *json); /* a value that is JSON already */
void cli_json_ints (CliJson *j, const char *key, const int32_t *v, int32_t n);
/* Prints the document and a newline, frees it. */
void cli_json_print (CliJson *j);

/* Writes out what is buffered for standard output. */
typedef enum CliOutput
{
  CLI_OUTPUT_OK,
  CLI_OUTPUT_UNREAD, /* who read it (`| head`) has closed the pipe: a reason to stop, no failure */
  CLI_OUTPUT_LOST,   /* it cannot be written */
} CliOutput;
CliOutput cli_output_flush (void);

/* The plural's ending of `n` things. */
const char *cli_s (uint64_t n);
/* "1,2,3"; g_free. */
char *cli_int_list (const int32_t *v, int32_t n);
/* "2026-11-21T10:00:00.123Z"; "-" below 0. */
void cli_format_time (int64_t ms, char out[32]);

#endif
