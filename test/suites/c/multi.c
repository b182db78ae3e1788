/* Transactions. */
#include "suite.h"

static int all_of_it(const char *path) {
  const char *old = join(path, "old"), *new = join(path, "new");
  char made[PATH_MAX_LENGTH], sequential[PATH_MAX_LENGTH];
  struct Stat set;
  OK(make(a, old, "0", ZOO_PERSISTENT));
  zoo_op_t ops[5];
  zoo_op_result_t results[5];
  zoo_check_op_init(&ops[0], old, 0);
  zoo_create_op_init(&ops[1], new, "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made, sizeof made);
  zoo_create_op_init(&ops[2], join(path, "s-"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL | ZOO_SEQUENCE, sequential, sizeof sequential);
  zoo_set_op_init(&ops[3], new, "22", 2, 0, &set);
  zoo_delete_op_init(&ops[4], old, 0);
  OK(zoo_multi(a, 5, ops, results));
  for (int i = 0; i < 5; i++) EQUAL(results[i].err, ZOK);
  SAME_TEXT(made, new);
  SAME_TEXT(sequential, join(path, "s-0000000002"));
  EQUAL(set.version, 1);
  OK(sync_path(b, path));
  SAME_TEXT(children_text(b, path), "new,s-0000000002");
  struct Stat parent;
  OK(zoo_exists(b, path, 0, &parent));
  EQUAL(parent.pzxid, set.mzxid);
  return 0;
}

static int none_of_it(const char *path) {
  struct Stat before, after;
  OK(zoo_exists(a, path, 0, &before));
  zoo_op_t ops[4];
  zoo_op_result_t results[4];
  char made[PATH_MAX_LENGTH];
  zoo_create_op_init(&ops[0], join(path, "x"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made, sizeof made);
  zoo_delete_op_init(&ops[1], join(path, "none"), -1);
  zoo_delete_op_init(&ops[2], path, 99);
  zoo_check_op_init(&ops[3], path, 0);
  EQUAL(zoo_multi(a, 4, ops, results), ZNONODE);
  EQUAL(results[0].err, ZOK);
  EQUAL(results[1].err, ZNONODE);
  EQUAL(results[2].err, ZRUNTIMEINCONSISTENCY);
  EQUAL(results[3].err, ZRUNTIMEINCONSISTENCY);
  OK(zoo_exists(a, path, 0, &after));
  IS_TRUE(same_stat(&before, &after));
  return 0;
}

static int kinds_of_failure(const char *path) {
  const char *x = join(path, "x");
  zoo_op_t op;
  zoo_op_result_t result;
  OK(make(a, x, "", ZOO_PERSISTENT));
  OK(make(a, join(path, "x/y"), "", ZOO_EPHEMERAL));
  zoo_check_op_init(&op, x, 5);
  EQUAL(zoo_multi(a, 1, &op, &result), ZBADVERSION);
  zoo_set_op_init(&op, x, "", 0, 5, NULL);
  EQUAL(zoo_multi(a, 1, &op, &result), ZBADVERSION);
  zoo_delete_op_init(&op, x, -1);
  EQUAL(zoo_multi(a, 1, &op, &result), ZNOTEMPTY);
  zoo_create_op_init(&op, x, "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
  EQUAL(zoo_multi(a, 1, &op, &result), ZNODEEXISTS);
  zoo_create_op_init(&op, join(path, "x/y/z"), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
  EQUAL(zoo_multi(a, 1, &op, &result), ZNOCHILDRENFOREPHEMERALS);
  OK(zoo_multi(a, 0, NULL, NULL));
  return 0;
}

static int watched(const char *path) {
  struct notes *notes = notes_new();
  struct String_vector names;
  char text[16];
  const char *x = join(path, "x");
  OK(make(a, x, "", ZOO_PERSISTENT));
  OK(sync_path(b, x));
  OK(zoo_wget(b, x, watch_note, notes, text, &(int){sizeof text}, NULL));
  OK(zoo_wget_children(b, path, watch_note, notes, &names));
  zoo_op_t ops[2];
  zoo_op_result_t results[2];
  struct Stat stat;
  zoo_set_op_init(&ops[0], x, "1", 1, -1, &stat);
  zoo_create_op_init(&ops[1], join(path, "y"), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
  OK(zoo_multi(a, 2, ops, results));
  const char *text_of = notes_text(notes, 2);
  IS_TRUE(strstr(text_of, "changed x") != NULL);
  IS_TRUE(strstr(text_of, "child ") != NULL);
  return 0;
}

static int large(const char *path) {
  enum { OPS = 300 };
  zoo_op_t ops[OPS];
  zoo_op_result_t results[OPS];
  for (int i = 0; i < OPS; i++) {
    zoo_create_op_init(&ops[i], join(path, "n-"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, NULL, 0);
  }
  OK(zoo_multi(a, OPS, ops, results));
  OK(sync_path(b, path));
  EQUAL(count_children(b, path), OPS);
  return 0;
}

void add_multi_checks(void) {
  check("multi: all of it", all_of_it);
  check("multi: none of it, and why", none_of_it);
  check("multi: each kind of failure", kinds_of_failure);
  check("multi: watches fire", watched);
  check("multi: three hundred operations", large);
}
