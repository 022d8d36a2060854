/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/group/calls.h"

static void
done (StokerCall *call)
{
  ((Call *)call->user)->done = true;
}

Call *
call_new (Fake *f, int16_t api_key, int16_t version)
{
  Call *c = g_new0 (Call, 1);

  c->arena = stoker_arena_new (0);
  c->u.call = (StokerCall){ .ctx = &f->ctx,
                            .client_id = stoker_str ("client"),
                            .api_key = api_key,
                            .api_version = version,
                            .arena = c->arena,
                            .done = done,
                            .user = c };
  return c;
}

void
call_free (Call *c)
{
  stoker_arena_free (c->arena);
  g_free (c);
}

char *
text_of (StokerStr s)
{
  return s.data ? g_strndup (s.data, s.len) : NULL;
}

Call *
join_begin (Fake *f, const char *group, const char *member, const char *instance, const char *protocol,
            const char *metadata)
{
  Call *c = call_new (f, 11, 9);

  c->protocols[0] = (StokerGroupProtocol){ stoker_str (protocol), { (uint8_t *)metadata, strlen (metadata) } };
  c->u.join.group_id = stoker_str (group);
  c->u.join.member_id = stoker_str (member);
  c->u.join.instance_id = stoker_str (instance);
  c->u.join.protocol_type = stoker_str ("consumer");
  c->u.join.session_timeout_ms = 10000;
  c->u.join.rebalance_timeout_ms = 30000;
  c->u.join.protocols = c->protocols;
  c->u.join.n_protocols = 1;
  c->u.join.member_id_required = c->u.join.skip_assignment_known = true;
  stk_groups_join (f->groups, &c->u.join);
  return c;
}

Call *
sync_begin (Fake *f, const char *group, const char *member, const char *instance, int32_t generation)
{
  Call *c = call_new (f, 14, 5);

  c->u.sync.group_id = stoker_str (group);
  c->u.sync.member_id = stoker_str (member);
  c->u.sync.instance_id = stoker_str (instance);
  c->u.sync.generation = generation;
  c->u.sync.protocol_type = stoker_str ("consumer");
  c->u.sync.protocol_name = stoker_str ("range");
  c->u.sync.assignments = c->assignments;
  return c;
}

void
sync_assign (Call *c, const char *member, const char *assignment)
{
  c->assignments[c->u.sync.n_assignments++]
      = (StokerGroupAssignment){ stoker_str (member), { (uint8_t *)assignment, strlen (assignment) } };
}

void
sync_go (Fake *f, Call *c)
{
  stk_groups_sync (f->groups, &c->u.sync);
}

Call *
commit_begin (Fake *f, const char *group, const char *member, int32_t generation, const char *topic, int32_t partition,
              int64_t offset, const char *metadata)
{
  Call *c = call_new (f, 8, 9);

  c->parts[0] = (StokerOffsetPartition){
    .partition = partition, .offset = offset, .leader_epoch = -1, .metadata = stoker_str (metadata), .timestamp = -1
  };
  c->topic = (StokerOffsetTopic){ stoker_str (topic), c->parts, 1 };
  c->u.commit.group_id = stoker_str (group);
  c->u.commit.member_id = stoker_str (member);
  c->u.commit.generation = generation;
  c->u.commit.retention_ms = -1;
  c->u.commit.topics = &c->topic;
  c->u.commit.n_topics = 1;
  stk_groups_commit (f->groups, &c->u.commit);
  return c;
}

int16_t
heartbeat (Fake *f, const char *group, const char *member, const char *instance, int32_t generation)
{
  Call *c = call_new (f, 12, 4);
  int16_t error;

  c->u.beat.group_id = stoker_str (group);
  c->u.beat.member_id = stoker_str (member);
  c->u.beat.instance_id = stoker_str (instance);
  c->u.beat.generation = generation;
  stk_groups_heartbeat (f->groups, &c->u.beat);
  fake_run_until (f, &c->done);
  error = c->u.beat.error;
  call_free (c);
  return error;
}

int16_t
leave (Fake *f, const char *group, const char *member, const char *instance)
{
  Call *c = call_new (f, 13, 5);
  int16_t error;

  c->leaving[0] = (StokerLeavingMember){ stoker_str (member), stoker_str (instance), STOKER_STR_NULL, 0 };
  c->u.leave.group_id = stoker_str (group);
  c->u.leave.members = c->leaving;
  c->u.leave.n_members = 1;
  stk_groups_leave (f->groups, &c->u.leave);
  fake_run_until (f, &c->done);
  error = c->u.leave.error ? c->u.leave.error : c->leaving[0].error;
  call_free (c);
  return error;
}

int16_t
commit (Fake *f, const char *group, const char *member, int32_t generation, const char *topic, int32_t partition,
        int64_t offset, const char *metadata)
{
  Call *c = commit_begin (f, group, member, generation, topic, partition, offset, metadata);
  int16_t error;

  fake_run_until (f, &c->done);
  error = c->parts[0].error;
  call_free (c);
  return error;
}

int64_t
fetched (Fake *f, const char *group, const char *topic, int32_t partition)
{
  Call *c = call_new (f, 9, 9);
  int64_t offset;

  c->parts[0].partition = partition;
  c->topic = (StokerOffsetTopic){ stoker_str (topic), c->parts, 1 };
  c->fetch_group = (StokerOffsetFetchGroup){
    .group_id = stoker_str (group), .member_epoch = -1, .topics = &c->topic, .n_topics = 1
  };
  c->u.fetch.groups = &c->fetch_group;
  c->u.fetch.n_groups = 1;
  stk_groups_fetch_offsets (f->groups, &c->u.fetch);
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->fetch_group.error, ==, 0);
  g_assert_cmpint (c->parts[0].error, ==, 0);
  offset = c->parts[0].offset;
  call_free (c);
  return offset;
}

int16_t
delete_group (Fake *f, const char *group)
{
  Call *c = call_new (f, 42, 2);
  int16_t error;

  c->del_group.group_id = stoker_str (group);
  c->u.del.groups = &c->del_group;
  c->u.del.n_groups = 1;
  stk_groups_delete (f->groups, &c->u.del);
  fake_run_until (f, &c->done);
  error = c->del_group.error;
  call_free (c);
  return error;
}

int16_t
delete_offset (Fake *f, const char *group, const char *topic, int32_t partition)
{
  Call *c = call_new (f, 47, 0);
  int16_t error;

  c->parts[0].partition = partition;
  c->topic = (StokerOffsetTopic){ stoker_str (topic), c->parts, 1 };
  c->u.offdel.group_id = stoker_str (group);
  c->u.offdel.topics = &c->topic;
  c->u.offdel.n_topics = 1;
  stk_groups_delete_offsets (f->groups, &c->u.offdel);
  fake_run_until (f, &c->done);
  error = c->u.offdel.error ? c->u.offdel.error : c->parts[0].error;
  call_free (c);
  return error;
}

char *
state_of (Fake *f, const char *group, int32_t *members)
{
  Call *c = call_new (f, 15, 5);
  char *state;

  c->info.group_id = stoker_str (group);
  c->u.describe.groups = &c->info;
  c->u.describe.n_groups = 1;
  stk_groups_describe (f->groups, &c->u.describe);
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->info.error, ==, 0);
  state = text_of (c->info.state);
  if (members)
    *members = c->info.n_members;
  call_free (c);
  return state;
}

char *
get_member_id (Fake *f, const char *group)
{
  Call *c = join_begin (f, group, "", NULL, "range", "m");
  char *id;

  fake_run_until (f, &c->done);
  g_assert_cmpint (c->u.join.error, ==, STOKER_MEMBER_ID_REQUIRED);
  id = text_of (c->u.join.out_member_id);
  call_free (c);
  return id;
}
