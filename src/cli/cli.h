/* SPDX-License-Identifier: Apache-2.0
 *
 * The `stoker` tool: its commands, their options, and how they end. One file per command.
 *
 * Exit codes: 0 done, 1 failed (standard error says why), 2 the command line is wrong.
 */
#ifndef STK_CLI_CLI_H
#define STK_CLI_CLI_H

#include <stoker/error.h>

#include <glib.h>
#include <stdint.h>

enum
{
  CLI_OK = 0,
  CLI_FAILED = 1,
  CLI_USAGE = 2,
  CLI_GO_ON = -1, /* of cli_parse: run the command */
};

/* What a CLI_INT is set to before parsing: nobody can give it. */
#define CLI_NOT_GIVEN INT64_MIN

typedef struct CliCommand
{
  const char *area, *name; /* "topic", "create"; area NULL: a command of one word */
  const char *args;        /* what stands behind the options in the usage line */
  const char *summary;
  const char *examples; /* whole lines */
  int (*run) (const struct CliCommand *self, int argc, char **argv);
} CliCommand;

typedef enum CliOptKind
{
  CLI_FLAG,   /* bool * */
  CLI_STRING, /* const char ** */
  CLI_INT,    /* int64_t * */
  CLI_LIST,   /* GPtrArray ** of const char *: may be given again; made when first needed */
} CliOptKind;

typedef struct CliOpt
{
  const char *name; /* without dashes */
  char brief;       /* one letter, or 0 */
  CliOptKind kind;
  void *to;
  const char *arg; /* what the value is called */
  const char *help;
} CliOpt;

/* What every command that talks to a broker takes. */
typedef struct CliCommon
{
  const char *bootstrap; /* host:port,.. */
  int64_t timeout_ms;
  bool json;
  GPtrArray *settings; /* -X key=value for librdkafka; NULL: none */
  bool offline;        /* set before parsing: the command talks to nobody; only --json and --help are common */
  bool no_settings;    /* set before parsing: not a librdkafka command */
} CliCommon;

/* Reads argv[1..). Positional arguments go to args. CLI_GO_ON, or the code to exit with (help was asked for: 0). */
int cli_parse (const CliCommand *c, CliCommon *common, const CliOpt *opts, size_t n, int argc, char **argv,
               GPtrArray *args);
/* Prints "stoker AREA NAME: text" and where to look; CLI_USAGE. */
int cli_usage (const CliCommand *c, const char *fmt, ...) STOKER_PRINTF (2, 3);
/* Prints "stoker: text"; CLI_FAILED. */
int cli_failed (const char *fmt, ...) STOKER_PRINTF (1, 2);
/* Prints why a command ended. An error of STOKER_ERROR_CONFIG is the command line's: CLI_USAGE; else CLI_FAILED. */
int cli_error (const CliCommand *c, const StokerError *err);
/* A number with nothing behind it; false otherwise, and for CLI_NOT_GIVEN. */
bool cli_number (const char *text, int64_t *out);
/* Is every text of the list (NULL: empty) NAME=VALUE with a name? CLI_GO_ON, or CLI_USAGE after saying which is not. */
int cli_pairs (const CliCommand *c, const char *option, const GPtrArray *list);
/* "host", "host:port", "[v6]:port"; the port is 9092 where none is named. host: g_free, also when false is returned. */
bool cli_address (const char *text, char **host, int *port);
/* "\n", "\t", "\\", "\xHH" .. as bytes; g_free. */
char *cli_unescape (const char *text, size_t *len);
/* "1h", "30m", "2026-11-21T10:00:00Z", "1700000000000" (ms), "now": milliseconds since 1970; a duration counts back
 * from now. */
bool cli_time (const char *text, int64_t *out);

extern const CliCommand cli_topic_create, cli_topic_list, cli_topic_describe, cli_topic_alter, cli_topic_delete;
extern const CliCommand cli_produce, cli_consume;
extern const CliCommand cli_group_list, cli_group_describe, cli_group_reset_offsets, cli_group_delete, cli_group_delete_offsets;
extern const CliCommand cli_log_dump, cli_log_verify, cli_log_repair, cli_log_settle, cli_log_dirs, cli_log_move;
extern const CliCommand cli_tree_ls, cli_tree_get, cli_tree_watch, cli_tree_export, cli_tree_import;
extern const CliCommand cli_bench_produce, cli_bench_consume, cli_bench_latency, cli_bench_partitions;

#endif
