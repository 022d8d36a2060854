/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated disk from inside: file.c (inodes and open files), names.c (the tree of names), disk.c (the calls and
 * the cut). Every file has two contents, the one that is read and the one that would be found after a power cut, and so
 * has every folder: a sync carries over what was changed. A cut lets each sector of each write, and the first so many
 * changes of names, of the rest survive by lot.
 */
#ifndef STK_SIM_DISK_PRIVATE_H
#define STK_SIM_DISK_PRIVATE_H

#include "sim/impl.h"

/* What was done to a file since its last sync. */
typedef struct Change
{
  uint64_t pos, len; /* a write; whole sectors. Or: */
  uint8_t *sectors;  /* what the cache held there after it; NULL: the file was cut to `pos` bytes */
  uint64_t serial;   /* among all changes of all files */
  uint64_t before;   /* the file's size before it */
} Change;

typedef struct Inode
{
  int refs; /* names and open files */
  bool is_dir, locked;
  int64_t mtime_ms;
  GByteArray *data, *durable;
  GArray *changes;          /* of Change */
  GHashTable *names, *kept; /* a folder's: name -> Inode; those that are seen, those that would be found */
  GArray *ops;              /* of NameOp: between the two */
} Inode;

typedef struct SimDisk
{
  StokerDisk base;
  StkSim *sim;
  GMutex lock;     /* tests may use a disk from several threads */
  Inode *root;     /* "/" and ".", which exist without having been made */
  uint64_t serial; /* of the newest change of a name */
  uint64_t writes; /* of the newest change of a file */
  bool ordered;    /* as a journalling file system: the names of all folders are kept in the order of their changes */
  uint64_t used, limit;
  unsigned generation; /* grows with each cut: older handles are dead */
  StkSimDiskWatch watch;
  void *watcher;
} SimDisk;

typedef struct SimFile
{
  StokerFile base;
  SimDisk *disk;
  Inode *inode;
  unsigned generation;
  bool writable, lock;
  char *path; /* as it was opened */
} SimFile;

/* Asks whoever watches; without the lock. */
int stk_sim_disk_ask (SimDisk *d, StkSimDiskCall call, const char *path);

#define LOCK(d) g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&(d)->lock)

/* ---- file.c; with the lock, but for the file's own calls */
Inode *stk_sim_inode_new (bool is_dir);
Inode *stk_sim_inode_ref (Inode *i);
void stk_sim_inode_unref (void *inode);
/* What a power cut leaves of it. */
void stk_sim_inode_cut (SimDisk *d, Inode *i);
/* It is about to be cut to so many bytes, which are fewer. */
void stk_sim_note_cut (SimDisk *d, Inode *i, uint64_t size);
/* Its changes up to this number are durable. */
void stk_sim_settle (Inode *i, uint64_t serial);
/* And those of all files in there. */
void stk_sim_settle_tree (Inode *i, uint64_t serial);
/* Grown with zeros, or cut. */
void stk_sim_set_size (GByteArray *a, uint64_t size);
/* An open file, with one reference. */
StokerFile *stk_sim_file_new (SimDisk *d, Inode *i, const char *path, bool writable, bool lock);

/* ---- names.c; with the lock */
GArray *stk_sim_name_ops_new (void);
/* Renames, deletes (to NULL) or makes (from NULL) a name; what a sync has to carry over. Parents exist. */
void stk_sim_change_name (SimDisk *d, const char *from, const char *to, Inode *inode);
/* The folder's names are durable, as they were after the change of this number. */
void stk_sim_names_sync (SimDisk *d, Inode *dir, uint64_t serial);
/* Those of all folders are. */
void stk_sim_names_sync_all (SimDisk *d, uint64_t serial);
/* What a power cut leaves, of names and of the files that they name. */
void stk_sim_names_cut (SimDisk *d);
void stk_sim_names_unlock (Inode *dir);
Inode *stk_sim_lookup (SimDisk *d, const char *path);
bool stk_sim_dir_exists (SimDisk *d, const char *path);
bool stk_sim_parent_exists (SimDisk *d, const char *path);
bool stk_sim_has_children (SimDisk *d, const char *path);
/* Sorted, so that the same run lists in the same order. */
GPtrArray *stk_sim_names_in (SimDisk *d, const char *dir);
gint stk_sim_by_text (gconstpointer a, gconstpointer b);

#endif
