/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated world: machines on one thread, virtual time and one seed, which decides everything that could happen in
 * more than one order. The same seed replays the same run. Time passes only when nothing can run.
 *
 * A machine is a StkWorld: brokers are made in it as in the real one, but no thread exists: whoever holds the StkSim
 * steps it. Machines share the network and the clock; each has a disk of its own, which knows what would survive a
 * power cut.
 */
#ifndef STK_SIM_SIM_H
#define STK_SIM_SIM_H

#include "world/world.h"

typedef struct StkSim StkSim;
typedef struct StkSimPeer StkSimPeer;

StkSim *stk_sim_new (uint64_t seed);
/* Frees machines, disks and what is on the network; actors and pools must be freed before, but for those of a halted
 * machine. */
void stk_sim_free (StkSim *s);
/* A new machine (its address is 10.0.0.N); lives as long as the simulation, stk_world_free does nothing. */
StkWorld *stk_sim_machine (StkSim *s);

/* ---- time */
/* Runs the next thing, letting time pass first when there is nothing to do. False: nothing will ever happen again. */
bool stk_sim_step (StkSim *s);
/* Steps until cond (user) holds; false when it does not within `us` of virtual time. */
bool stk_sim_until (StkSim *s, bool (*cond) (void *user), void *user, int64_t us);
/* Steps for so long. */
void stk_sim_run (StkSim *s, int64_t us);
int64_t stk_sim_now_us (StkSim *s);
/* A number that depends on everything that has happened so far: two runs that differ anywhere differ here. */
uint64_t stk_sim_fingerprint (const StkSim *s);

/* ---- a client of the simulated network, outside of all machines; what it waits for makes time pass */
/* NULL: nobody listens there. */
StkSimPeer *stk_sim_connect (StkSim *s, uint16_t port);
/* False: the other side is gone, or does not take it for 60 s of virtual time. */
bool stk_sim_send (StkSimPeer *p, const void *data, size_t len);
/* Exactly len bytes; false at the end of the stream, or after 60 s of virtual time. */
bool stk_sim_receive (StkSimPeer *p, void *to, size_t len);
/* What has arrived, up to len bytes, without letting time pass; `all`: also what is still on its way. 0: nothing now;
 * -1: the other side is gone. */
ssize_t stk_sim_poll (StkSimPeer *p, void *to, size_t len, bool all);
void stk_sim_close (StkSimPeer *p);

/* ---- faults */
/* Nothing of the machine runs any more, its connections are reset, its locks are gone. Its actors cannot be freed. */
void stk_sim_halt (StkWorld *machine);
/* Power cut: what was not synced survives or not, sector by sector (512 bytes) and name by name, as the seed says.
 * Files that are open answer -EIO. */
void stk_sim_cut_power (StkWorld *machine);
/* A machine with the disk of one that was halted. */
StkWorld *stk_sim_reboot (StkWorld *halted);

typedef enum StkSimDiskCall
{
  STK_SIM_READ,
  STK_SIM_WRITE,
  STK_SIM_SYNC,
  STK_SIM_RESERVE,
  STK_SIM_TRUNCATE,
  STK_SIM_OPEN,
  STK_SIM_STAT,
  STK_SIM_RENAME,
  STK_SIM_UNLINK,
  STK_SIM_MKDIR,
  STK_SIM_RMDIR,
  STK_SIM_LIST,
  STK_SIM_SYNC_DIR,
} StkSimDiskCall;

/* What a watcher may answer besides 0 (go on) and a negative errno (fail with it). */
#define STK_SIM_LEAVE_OUT 1 /* of SYNC, SYNC_DIR: say that it was done, do nothing */
#define STK_SIM_PART 2      /* of WRITE: do a part of it, then fail with -ENOSPC */
/* Called in front of each call on the machine's disk, which it may keep from happening. `path` is borrowed; of a file
 * the one that it was opened by. It may cut the power and go on with another machine. NULL: nobody watches. */
typedef int (*StkSimDiskWatch) (void *user, StkSimDiskCall call, const char *path);
void stk_sim_watch_disk (StkWorld *machine, StkSimDiskWatch watch, void *user);
/* A flush of a real disk takes its time: it carries over what had been done when it began, at a moment that is asked
 * for then. For whoever replays one. */
typedef struct StkSimMoment
{
  uint64_t names, writes;
} StkSimMoment;
StkSimMoment stk_sim_moment (StkWorld *machine);
/* NULL: all files, and all names. */
void stk_sim_sync_as_of (StkWorld *machine, StokerFile *f, StkSimMoment m);
/* The names of all folders, as a journalling file system does with any flush. */
void stk_sim_sync_names_as_of (StkWorld *machine, StkSimMoment m);
void stk_sim_sync_dir_as_of (StkWorld *machine, const char *dir, StkSimMoment m);
/* A second name of a file. */
int stk_sim_link (StkWorld *machine, const char *from, const char *to);
/* The size of its disk from now on; default: no limit. */
void stk_sim_limit_disk (StkWorld *machine, uint64_t bytes);

#endif
