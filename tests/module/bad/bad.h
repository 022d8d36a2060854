/* SPDX-License-Identifier: Apache-2.0
 *
 * A partitioner with one thing wrong: each file here defines what differs and includes this. It links nothing of the
 * core: a refused module never runs. */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>
#include <stoker/codec.h>

#ifndef MAGIC
#define MAGIC STOKER_MODULE_MAGIC
#endif
#ifndef LEVEL
#define LEVEL STOKER_API_LEVEL
#endif
#ifndef SIZE
#define SIZE sizeof (StokerModule)
#endif
#ifndef KIND
#define KIND STOKER_KIND_PARTITIONER
#endif
#ifndef SYMBOL_KIND
#define SYMBOL_KIND partitioner
#endif
#ifndef THREADS
#define THREADS STOKER_THREADS_PARALLEL
#endif
#ifndef TEXT_NAME
#define TEXT_NAME STRING (NAME)
#endif
#ifndef BUILD_ID
#define BUILD_ID STOKER_BUILD_ID
#endif
#ifndef VERSION_TEXT
#define VERSION_TEXT "1.0"
#endif
#ifndef OPTIONS
#define OPTIONS
#endif
#ifndef OPS
#define OPS &ops, .ops_size = sizeof ops
static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  for (size_t i = 0; i < n; i++)
    out[i] = 0;
  return 0;
}
static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, pick };
#endif

#define STRING_(x) #x
#define STRING(x) STRING_ (x)
#define SYMBOL__(kind, name) stoker_module_##kind##_##name
#define SYMBOL_(kind, name) SYMBOL__ (kind, name)
#ifndef SYMBOL
#define SYMBOL SYMBOL_ (SYMBOL_KIND, NAME)
#endif

extern const StokerModule SYMBOL STOKER_EXPORT;
const StokerModule SYMBOL = { .magic = MAGIC,
                              .api_level = LEVEL,
                              .size = SIZE,
                              .option_size = sizeof (StokerOption),
                              .kind = KIND,
                              .threads = THREADS,
                              .name = TEXT_NAME,
                              .version = VERSION_TEXT,
                              .licence = "Apache-2.0",
                              .summary = "a module for the loader's test",
                              .build_id = BUILD_ID,
                              .ops = OPS,
                              OPTIONS };
