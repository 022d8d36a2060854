/* SPDX-License-Identifier: Apache-2.0
 *
 * The module contract. A module is one shared object that exports one const data symbol, its descriptor:
 *
 *     #define STOKER_API_LEVEL STOKER_API_1_0      // what this source was written against; there is no default
 *     #include <stoker/partitioner.h>
 *
 *     STOKER_MODULE (partitioner, mine,            // exports stoker_module_partitioner_mine
 *       .version = "1.0", .licence = "Apache-2.0", .summary = "...",
 *       .threads = STOKER_THREADS_PARALLEL,
 *       .ops = &ops, .ops_size = sizeof ops,
 *       STOKER_OPTIONS (options), .conf_size = sizeof (struct conf), .state_size = sizeof (struct state),
 *       .init = init, .fini = fini);
 *
 * The file is KIND/NAME.so in the module path; NAME may hold dashes, which are underscores in the symbol. It is data,
 * not code, so that the core can judge it before any of the module's code runs.
 *
 * Instances. A deployment makes any number of instances of a module, each with a name, options of its own (`conf`) and
 * memory of its own (`state`), both allocated and zeroed by the core. A module has no writable statics: everything it
 * remembers is in `state`. It is never unloaded.
 *
 * Lifecycle of an instance, all on the control thread:
 *   init (check options against each other; no threads, no files) -> start (open what is needed) -> in use ->
 *   (reconfigure, any number of times) -> stop (nothing of it is called any more; end what start began) ->
 *   fini (give back what init took; called after a failed init or start too, so it tolerates the half-built).
 * Any of them may be NULL. init, start and reconfigure return 0, or -1 with *err filled.
 *
 * Change log of this header: 1.0 (2026-11) first version.
 */
#ifndef STOKER_MODULE_H
#define STOKER_MODULE_H

#include <stoker/error.h>

STOKER_BEGIN_DECLS

#define STOKER_MODULE_MAGIC 0x53746b72u /* "Stkr" */
#define STOKER_API_1_0 0x00010000u      /* major << 16 | minor */
#define STOKER_API_CURRENT STOKER_API_1_0

typedef enum StokerKind
{
  STOKER_KIND_PROTOCOL = 1,
  STOKER_KIND_STORAGE = 2,
  STOKER_KIND_PARTITIONER = 3,
  STOKER_KIND_ASSIGNOR = 4,
  STOKER_KIND_CLEANER = 5,
  STOKER_KIND_COORDINATOR = 6,
  STOKER_KIND_CODEC = 7,
  STOKER_KIND_AUTH = 8,
} StokerKind;

/* Which threads call an instance's functions. */
typedef enum StokerThreads
{
  STOKER_THREADS_SERIAL = 0,   /* any thread, never two at once: the core locks. The safe default */
  STOKER_THREADS_CONTROL = 1,  /* the control thread only */
  STOKER_THREADS_PARALLEL = 2, /* any number of threads at once; the module sees to its own state */
} StokerThreads;

typedef enum StokerOptionType
{
  STOKER_OPTION_BOOL = 1,     /* bool: true | false */
  STOKER_OPTION_INT = 2,      /* int64_t */
  STOKER_OPTION_SIZE = 3,     /* int64_t bytes; 64MiB, 1GiB, 512 */
  STOKER_OPTION_DURATION = 4, /* int64_t milliseconds; 250ms, 10s, 5m, 1h, 7d; bare: the row's `unit` */
  STOKER_OPTION_DOUBLE = 5,   /* double */
  STOKER_OPTION_STRING = 6,   /* const char *, owned by the core; NULL when empty */
  STOKER_OPTION_ENUM = 7,     /* int32_t: index into `words` */
  STOKER_OPTION_LIST = 8,     /* const char *const *, NULL-terminated, split at commas; owned by the core */
  STOKER_OPTION_PATH = 9,     /* const char *; relative to the configuration file's folder */
} StokerOptionType;

enum
{
  STOKER_OPTION_REQUIRED = 1,     /* no default: must be given */
  STOKER_OPTION_RELOADABLE = 2,   /* may change while running */
  STOKER_OPTION_SECRET = 4,       /* never printed */
  STOKER_OPTION_DEPRECATED = 8,   /* accepted with a warning: `text` says what to use */
  STOKER_OPTION_EXPERIMENTAL = 16,
};

/* One option. Rows are data: the core parses, checks, redacts and documents from them (--describe, sample conf, man
 * page). Defaults and bounds are written as an operator would write them. */
typedef struct StokerOption
{
  const char *name;    /* lower case, dots and dashes */
  uint32_t type;       /* StokerOptionType */
  uint32_t flags;
  const char *def;     /* default; NULL only with REQUIRED, or for a string that may be absent */
  const char *min;     /* inclusive; NULL: no bound */
  const char *max;
  const char *words;   /* ENUM (and LIST of them): the allowed words, separated by blanks */
  const char *unit;    /* what a bare number means: "bytes", "ms", "s", "records" .. ; NULL: none */
  size_t offset;       /* where the value goes in conf */
  const char *summary; /* one line */
  const char *text;    /* a paragraph, or NULL */
} StokerOption;

typedef struct StokerHost StokerHost; /* stoker/host.h */
typedef struct StokerInstance StokerInstance;

typedef struct StokerModule
{
  /* The frozen head: never moves, never changes. */
  uint32_t magic;       /* STOKER_MODULE_MAGIC */
  uint32_t api_level;   /* STOKER_API_LEVEL of the author */
  uint32_t size;        /* sizeof (StokerModule) the author saw */
  uint32_t option_size; /* sizeof (StokerOption) the author saw */
  /* From here on only appended to. */
  uint32_t kind;    /* StokerKind */
  uint32_t threads; /* StokerThreads */
  const char *name; /* as in the file name, underscores for dashes */
  const char *version;
  const char *licence;
  const char *summary;
  const char *build_id; /* kinds without a frozen interface are tied to the exact build of the core */
  const void *ops;      /* the kind's table of functions; begins with StokerOpsHead */
  size_t ops_size;
  const StokerOption *options;
  uint32_t n_options;
  uint32_t conf_size;
  uint32_t state_size;
  int (*init) (StokerInstance *self, StokerError *err);
  int (*start) (StokerInstance *self, StokerError *err);
  /* `conf` is the new, checked configuration; on success the core puts it in place of self->conf. */
  int (*reconfigure) (StokerInstance *self, const void *conf, StokerError *err);
  void (*stop) (StokerInstance *self);
  void (*fini) (StokerInstance *self);
} StokerModule;

/* Every kind's table of functions begins with this. */
typedef struct StokerOpsHead
{
  uint32_t size;    /* of the table the author saw */
  uint32_t version; /* of the kind's interface: STOKER_<KIND>_VERSION */
} StokerOpsHead;

/* What a module's functions get as their first argument. */
struct StokerInstance
{
  const char *name;           /* of the instance; lives as long as the instance */
  const StokerModule *module; /* the core's checked copy */
  const void *conf;           /* the instance's options, laid out by the option rows */
  void *state;                /* state_size zeroed bytes at init */
  StokerHost *host;           /* the core's services: stoker/host.h */
};

/* The exact build of the core; modules of unstable kinds carry the one they were compiled against. */
#define STOKER_BUILD_ID "stoker-0.1"

#define STOKER_KIND_NUMBER_protocol STOKER_KIND_PROTOCOL
#define STOKER_KIND_NUMBER_storage STOKER_KIND_STORAGE
#define STOKER_KIND_NUMBER_partitioner STOKER_KIND_PARTITIONER
#define STOKER_KIND_NUMBER_assignor STOKER_KIND_ASSIGNOR
#define STOKER_KIND_NUMBER_cleaner STOKER_KIND_CLEANER
#define STOKER_KIND_NUMBER_coordinator STOKER_KIND_COORDINATOR
#define STOKER_KIND_NUMBER_codec STOKER_KIND_CODEC
#define STOKER_KIND_NUMBER_auth STOKER_KIND_AUTH

#define STOKER_OPTIONS(rows) .options = (rows), .n_options = sizeof (rows) / sizeof (rows)[0]

#define STOKER_MODULE(kind_, name_, ...)                                                                              \
  extern const StokerModule stoker_module_##kind_##_##name_ STOKER_EXPORT;                                             \
  const StokerModule stoker_module_##kind_##_##name_ = { .magic = STOKER_MODULE_MAGIC,                                 \
                                                         .api_level = STOKER_API_LEVEL,                               \
                                                         .size = sizeof (StokerModule),                               \
                                                         .option_size = sizeof (StokerOption),                        \
                                                         .kind = STOKER_KIND_NUMBER_##kind_,                          \
                                                         .name = #name_,                                              \
                                                         .build_id = STOKER_BUILD_ID,                                 \
                                                         __VA_ARGS__ }

STOKER_END_DECLS

#endif
