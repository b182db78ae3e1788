/* Sessions: negotiated, closed, taken over, expired, moved when a server is killed. */
#include "suite.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define SHORT_TIMEOUT_MS 4000

extern char **environ;

static int negotiated(const char *path) {
  (void)path;
  const struct {
    int asked, given;
  } cases[] = {{3000, 4000}, {10000, 10000}, {1000000, 40000}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zhandle_t *zh = zookeeper_init(first_host, NULL, cases[i].asked, NULL, NULL, 0);
    IS_TRUE(wait_for_state(zh, ZOO_CONNECTED_STATE, 30));
    EQUAL(zoo_recv_timeout(zh), cases[i].given);
    zookeeper_close(zh);
  }
  return 0;
}

static int closed(const char *path) {
  zhandle_t *zh = client(first_host, NULL);
  struct notes *notes = notes_new();
  OK(make(zh, join(path, "e"), "", ZOO_EPHEMERAL));
  OK(sync_path(b, path));
  OK(zoo_wexists(b, join(path, "e"), watch_note, notes, NULL));
  OK(zookeeper_close(zh));
  SAME_TEXT(notes_text(notes, 1), "deleted e");
  EQUAL(zoo_exists(b, join(path, "e"), 0, NULL), ZNONODE);
  return 0;
}

/* Another process with an ephemeral at `node`; it has told its session when this returns. */
static int start_silent(const char *node, pid_t *child, clientid_t *id) {
  int ends[2];
  IS_TRUE(pipe(ends) == 0);
  char *arguments[] = {(char *)program, "--silent", (char *)first_host, (char *)node, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  EQUAL(posix_spawn(child, program, &actions, NULL, arguments, environ), 0);
  close(ends[1]);
  EQUAL(read(ends[0], id, sizeof *id), (ssize_t)sizeof *id);
  close(ends[0]);
  return 0;
}

int be_silent(const char *hosts, const char *path) {
  zhandle_t *zh = zookeeper_init(hosts, NULL, SHORT_TIMEOUT_MS, NULL, NULL, 0);
  if (!wait_for_state(zh, ZOO_CONNECTED_STATE, 30)) return 1;
  if (make(zh, path, "", ZOO_EPHEMERAL) != ZOK) return 1;
  if (write(STDOUT_FILENO, zoo_client_id(zh), sizeof(clientid_t)) < 0) return 1;
  for (;;) pause();
}

static void end_silent(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static int taken_over(const char *path) {
  pid_t child;
  clientid_t id;
  if (start_silent(join(path, "e"), &child, &id) != 0) return -1;
  /* Awake, it would take its session back. */
  kill(child, SIGSTOP);
  zhandle_t *twin = client_again(second_host, &id, NULL);
  IS_TRUE(twin != NULL);
  EQUAL(zoo_client_id(twin)->client_id, id.client_id);
  OK(sync_path(twin, path));
  struct Stat stat;
  OK(zoo_exists(twin, join(path, "e"), 0, &stat));
  EQUAL(stat.ephemeralOwner, id.client_id);
  OK(zookeeper_close(twin));
  UNTIL(20, zoo_exists(b, join(path, "e"), 0, NULL) == ZNONODE);
  end_silent(child);
  return 0;
}

static int wrong_password(const char *path) {
  zhandle_t *zh = client(first_host, NULL);
  OK(make(zh, join(path, "e"), "", ZOO_EPHEMERAL));
  clientid_t id = *zoo_client_id(zh);
  id.passwd[3] ^= 0x55;
  zhandle_t *thief = zookeeper_init(second_host, NULL, SESSION_TIMEOUT_MS, &id, NULL, 0);
  IS_TRUE(wait_for_state(thief, ZOO_EXPIRED_SESSION_STATE, 30));
  zookeeper_close(thief);
  OK(zoo_exists(zh, join(path, "e"), 0, NULL));
  zookeeper_close(zh);
  return 0;
}

static int expired(const char *path) {
  struct notes *states = notes_new(), *watch = notes_new();
  zhandle_t *zh = client(both_hosts, states);
  OK(make(zh, join(path, "e"), "", ZOO_EPHEMERAL));
  OK(sync_path(b, path));
  OK(zoo_wexists(b, join(path, "e"), watch_note, watch, NULL));
  /* As if it had been silent for long: its session is closed behind its back. It may win it back
     before that, so more than once. */
  for (int i = 0; i < 10 && zoo_state(zh) != ZOO_EXPIRED_SESSION_STATE; i++) {
    zhandle_t *twin = zookeeper_init(second_host, NULL, SESSION_TIMEOUT_MS, zoo_client_id(zh), NULL, 0);
    wait_for_state(twin, ZOO_CONNECTED_STATE, 3);
    zookeeper_close(twin);
    wait_for_state(zh, ZOO_EXPIRED_SESSION_STATE, 2);
  }
  const char *text = notes_text(states, 2);
  IS_TRUE(strcmp(text + strlen(text) - strlen(",expired"), ",expired") == 0);
  SAME_TEXT(notes_text(watch, 1), "deleted e");
  EQUAL(zoo_exists(zh, "/", 0, NULL), ZINVALIDSTATE);
  IS_TRUE(is_unrecoverable(zh) != ZOK);
  zookeeper_close(zh);
  return 0;
}

static int silent(const char *path) {
  struct notes *notes = notes_new();
  const char *node = join(path, "e");
  pid_t child;
  clientid_t id;
  if (start_silent(node, &child, &id) != 0) return -1;
  UNTIL(30, zoo_exists(b, node, 0, NULL) == ZOK);
  /* Its pings keep the session beyond its timeout. */
  usleep((SHORT_TIMEOUT_MS + 2000) * 1000);
  EQUAL(zoo_wexists(b, node, watch_note, notes, NULL), ZOK);
  int64_t start = now_ms();
  kill(child, SIGSTOP);
  int rc;
  do rc = zoo_exists(b, node, 0, NULL), usleep(20000);
  while (rc == ZOK && now_ms() - start < 30000);
  int64_t took = now_ms() - start;
  end_silent(child);
  EQUAL(rc, ZNONODE);
  SAME_TEXT(notes_text(notes, 1), "deleted e");
  /* Its last ping may have been a third of the timeout ago; servers look in ticks of 2 s. */
  if (took < SHORT_TIMEOUT_MS / 2 || took > SHORT_TIMEOUT_MS + 8000) FAIL("expired after %lld ms", (long long)took);
  return 0;
}

static void on_set(int rc, const struct Stat *stat, const void *data) {
  (void)stat;
  atomic_int *counts = (atomic_int *)data;
  counts[rc == ZOK ? 0 : rc == ZCONNECTIONLOSS ? 1 : 2]++;
}

static int moved(const char *path) {
  struct notes *states = notes_new(), *watch = notes_new(), *missed = notes_new();
  zhandle_t *zh = client(both_hosts, states);
  char text[16];
  int64_t session = zoo_client_id(zh)->client_id;
  OK(make(zh, join(path, "e"), "", ZOO_EPHEMERAL));
  OK(make(zh, join(path, "x"), "", ZOO_PERSISTENT));
  OK(zoo_wget(zh, join(path, "x"), watch_note, watch, text, &(int){sizeof text}, NULL));
  EQUAL(zoo_wexists(zh, join(path, "new"), watch_note, missed, NULL), ZNONODE);
  OK(sync_path(b, path));
  EQUAL(order("kill 0"), 0);
  /* While it is on nobody's connection, or already on the other server's. */
  OK(make(b, join(path, "new"), "", ZOO_PERSISTENT));
  SAME_TEXT(notes_text(states, 2), "connected,connected");
  EQUAL(zoo_client_id(zh)->client_id, session);
  SAME_TEXT(notes_text(missed, 1), "created new");
  OK(zoo_set(b, join(path, "x"), "1", 1, -1));
  SAME_TEXT(notes_text(watch, 1), "changed x");
  struct Stat stat;
  OK(zoo_exists(zh, join(path, "e"), 0, &stat));
  EQUAL(stat.ephemeralOwner, session);
  zookeeper_close(zh);
  EQUAL(order("start 0"), 0);
  return 0;
}

static int writes_amid_a_kill(const char *path) {
  zhandle_t *zh = client(both_hosts, NULL);
  const char *x = join(path, "x");
  OK(make(zh, x, "", ZOO_PERSISTENT));
  atomic_int counts[3] = {0};
  int sent = 0;
  for (int i = 0; i < 400; i++) {
    if (zoo_aset(zh, x, "1", 1, -1, on_set, counts) == ZOK) sent++;
    if (i == 150) EQUAL(order("kill 0"), 0);
    usleep(1000);
  }
  UNTIL(60, counts[0] + counts[1] + counts[2] == sent);
  EQUAL(order("start 0"), 0);
  EQUAL(counts[2], 0);
  IS_TRUE(wait_for_state(zh, ZOO_CONNECTED_STATE, 30));
  OK(sync_path(zh, x));
  struct Stat stat;
  OK(zoo_exists(zh, x, 0, &stat));
  /* What was answered is there; what was lost may be. */
  if (stat.version < counts[0] || stat.version > counts[0] + counts[1]) {
    FAIL("%d writes, %d answered, %d lost", stat.version, counts[0], counts[1]);
  }
  zookeeper_close(zh);
  return 0;
}

static int first_back(const char *path) {
  /* a was on the server that was killed, and knows no other. */
  IS_TRUE(wait_for_state(a, ZOO_CONNECTED_STATE, 30));
  OK(make(a, join(path, "e"), "", ZOO_EPHEMERAL));
  return 0;
}

void add_session_checks(void) {
  check("session: timeout negotiated", negotiated);
  check("session: closed, its ephemerals go", closed);
  check("session: taken over on the other server", taken_over);
  check("session: not with a wrong password", wrong_password);
  check("session: expired, as the client sees it", expired);
  check("session: a silent client's expires in its time", silent);
  check("server killed: the session moves, its watches fire", moved);
  check("server killed: writes in flight", writes_amid_a_kill);
  check("server killed and back: sessions that waited are resumed", first_back);
}
