/* SPDX-License-Identifier: Apache-2.0 */
#include "module/kind.h"

#include <stoker/cleaner.h>
#include <stoker/codec.h>
#include <stoker/coordinator.h>
#include <stoker/partitioner.h>
#include <stoker/protocol.h>
#include <stoker/storage.h>

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerProtocolOps, field)                                                                         \
  }
static const StkKindFunction protocol_functions[] = { F (open), F (input), F (close) };
#undef F

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerStorageOps, field)                                                                          \
  }
static const StkKindFunction storage_functions[] = {
  F (dir_attach), F (dir_checkpoint), F (dir_detach), F (open),         F (close),
  F (remove),     F (configure),      F (append),     F (read),         F (ends),
  F (set_hw),     F (epoch_begin),    F (epoch_end),  F (epoch_latest), F (find_time),
  F (aborted),    F (truncate),       F (reset),      F (set_start),    F (flush),
  F (segments),   F (drop),           F (bytes),      F (producers),    F (expire_producers),
};
#undef F

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerPartitionerOps, field)                                                                      \
  }
static const StkKindFunction partitioner_functions[] = { F (pick) };
#undef F

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerCleanerOps, field)                                                                          \
  }
static const StkKindFunction cleaner_functions[] = { F (policy) };
#undef F

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerCoordinatorOps, field)                                                                      \
  }
static const StkKindFunction coordinator_functions[] = {
  F (open), F (close), F (create), F (get), F (exists), F (children), F (set), F (remove), F (multi),
};
#undef F

#define F(field)                                                                                                       \
  {                                                                                                                    \
#field, offsetof(StokerCodecOps, field)                                                                            \
  }
static const StkKindFunction codec_functions[] = { F (compress), F (decompress) };
#undef F

/* Only a kind with two independent modules and an issue that says so is frozen. */
static const StkKind kinds[] = {
  { STOKER_KIND_PROTOCOL, "protocol", STOKER_PROTOCOL_VERSION, sizeof (StokerProtocolOps), false, protocol_functions,
    COUNT (protocol_functions) },
  { STOKER_KIND_STORAGE, "storage", STOKER_STORAGE_VERSION, sizeof (StokerStorageOps), false, storage_functions,
    COUNT (storage_functions) },
  { STOKER_KIND_PARTITIONER, "partitioner", STOKER_PARTITIONER_VERSION, sizeof (StokerPartitionerOps), true,
    partitioner_functions, COUNT (partitioner_functions) },
  { STOKER_KIND_ASSIGNOR, "assignor", 0, 0, false, NULL, 0 },
  { STOKER_KIND_CLEANER, "cleaner", STOKER_CLEANER_VERSION, sizeof (StokerCleanerOps), false, cleaner_functions,
    COUNT (cleaner_functions) },
  { STOKER_KIND_COORDINATOR, "coordinator", STOKER_COORDINATOR_VERSION, sizeof (StokerCoordinatorOps), false,
    coordinator_functions, COUNT (coordinator_functions) },
  { STOKER_KIND_CODEC, "codec", STOKER_CODEC_VERSION, sizeof (StokerCodecOps), false, codec_functions,
    COUNT (codec_functions) },
  { STOKER_KIND_AUTH, "auth", 0, 0, false, NULL, 0 },
};

const StkKind *
stk_kind_find (uint32_t number)
{
  for (size_t i = 0; i < COUNT (kinds); i++)
    if (kinds[i].number == number)
      return &kinds[i];
  return NULL;
}

const StkKind *
stk_kind_by_name (const char *name)
{
  for (size_t i = 0; i < COUNT (kinds); i++)
    if (strcmp (kinds[i].name, name) == 0)
      return &kinds[i];
  return NULL;
}

const char *
stk_kind_name (uint32_t number)
{
  const StkKind *k = stk_kind_find (number);

  return k ? k->name : "?";
}

const StkKind *
stk_kinds (size_t *n)
{
  *n = COUNT (kinds);
  return kinds;
}
