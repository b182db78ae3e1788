/*
 * ZooKeeper's C client (libzookeeper-mt) against the servers given: one line of JSON for each check.
 * Arguments: two servers, host:port,host:port; host:port of the line protocol that kills and starts
 * them; optionally a part of the names of the checks to run.
 */
#include "suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>

#define NOTES_SIZE 16384

const char *first_host, *second_host, *both_hosts, *program;
zhandle_t *a, *b;
static const char *control, *only = "";
static char failure[1024];

struct notes {
  pthread_mutex_t mutex;
  int count;
  size_t length;
  char text[NOTES_SIZE];
};

struct notes *notes_new(void) {
  struct notes *notes = calloc(1, sizeof *notes);
  pthread_mutex_init(&notes->mutex, NULL);
  return notes;
}

void note(struct notes *notes, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  pthread_mutex_lock(&notes->mutex);
  if (notes->length < NOTES_SIZE - 512) {
    if (notes->count > 0) notes->text[notes->length++] = ',';
    notes->length += (size_t)vsnprintf(notes->text + notes->length, 500, format, arguments);
  }
  notes->count++;
  pthread_mutex_unlock(&notes->mutex);
  va_end(arguments);
}

const char *notes_text(struct notes *notes, int count) {
  int64_t end = now_ms() + 20000;
  for (;;) {
    pthread_mutex_lock(&notes->mutex);
    int have = notes->count;
    pthread_mutex_unlock(&notes->mutex);
    if (have >= count || now_ms() > end) break;
    usleep(10000);
  }
  usleep(50000);
  pthread_mutex_lock(&notes->mutex);
  char *copy = strdup(notes->text);
  pthread_mutex_unlock(&notes->mutex);
  return copy;
}

int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static const char *event_name(int type) {
  if (type == ZOO_CREATED_EVENT) return "created";
  if (type == ZOO_DELETED_EVENT) return "deleted";
  if (type == ZOO_CHANGED_EVENT) return "changed";
  if (type == ZOO_CHILD_EVENT) return "child";
  if (type == ZOO_NOTWATCHING_EVENT) return "notwatching";
  return type == ZOO_SESSION_EVENT ? "session" : "other";
}

void watch_note(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh;
  (void)state;
  /* Watchers of nodes hear of the session too. */
  if (type == ZOO_SESSION_EVENT) return;
  const char *name = strrchr(path, '/');
  note(context, "%s %s", event_name(type), name == NULL ? path : name + 1);
}

static void session_note(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)path;
  (void)zh;
  if (type != ZOO_SESSION_EVENT || context == NULL) return;
  if (state == ZOO_CONNECTED_STATE) note(context, "connected");
  else if (state == ZOO_EXPIRED_SESSION_STATE) note(context, "expired");
  else if (state == ZOO_AUTH_FAILED_STATE) note(context, "authfailed");
}

zhandle_t *client_again(const char *hosts, const clientid_t *id, struct notes *states) {
  zhandle_t *zh = zookeeper_init(hosts, session_note, SESSION_TIMEOUT_MS, id, states, 0);
  if (zh == NULL) return NULL;
  return wait_for_state(zh, ZOO_CONNECTED_STATE, 30) ? zh : NULL;
}

zhandle_t *client(const char *hosts, struct notes *states) {
  return client_again(hosts, NULL, states);
}

int wait_for_state(zhandle_t *zh, int state, int seconds) {
  int64_t end = now_ms() + seconds * 1000;
  while (zoo_state(zh) != state) {
    if (now_ms() > end) return 0;
    usleep(5000);
  }
  return 1;
}

int order(const char *what) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  const char *colon = strchr(control, ':');
  address.sin_port = htons((uint16_t)atoi(colon + 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  char answer[256] = "";
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
    dprintf(fd, "%s\n", what);
    ssize_t length = read(fd, answer, sizeof answer - 1);
    if (length > 0) answer[length] = 0;
  }
  close(fd);
  return strcmp(answer, "ok\n") == 0 ? 0 : -1;
}

int make(zhandle_t *zh, const char *path, const char *data, int mode) {
  return zoo_create(zh, path, data, data == NULL ? -1 : (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE, mode, NULL, 0);
}

int read_text(zhandle_t *zh, const char *path, char *into, int size, struct Stat *stat) {
  int length = size - 1;
  int rc = zoo_get(zh, path, 0, into, &length, stat);
  into[rc == ZOK && length > 0 ? length : 0] = 0;
  return rc;
}

struct waiter {
  atomic_int done;
  int rc;
};

static void synced(int rc, const char *value, const void *data) {
  (void)value;
  struct waiter *waiter = (struct waiter *)data;
  waiter->rc = rc;
  waiter->done = 1;
}

int sync_path(zhandle_t *zh, const char *path) {
  struct waiter waiter = {0};
  int rc = zoo_async(zh, path, synced, &waiter);
  if (rc != ZOK) return rc;
  while (!waiter.done) usleep(1000);
  return waiter.rc;
}

const char *join(const char *parent, const char *name) {
  char *path = malloc(PATH_MAX_LENGTH);
  snprintf(path, PATH_MAX_LENGTH, "%s/%s", parent, name);
  return path;
}

int same_stat(const struct Stat *left, const struct Stat *right) {
  return left->czxid == right->czxid && left->mzxid == right->mzxid && left->ctime == right->ctime &&
         left->mtime == right->mtime && left->version == right->version && left->cversion == right->cversion &&
         left->aversion == right->aversion && left->ephemeralOwner == right->ephemeralOwner &&
         left->dataLength == right->dataLength && left->numChildren == right->numChildren &&
         left->pzxid == right->pzxid;
}

static int by_text(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

const char *children_text(zhandle_t *zh, const char *path) {
  struct String_vector names = {0};
  int rc = zoo_get_children(zh, path, 0, &names);
  if (rc != ZOK) return zerror(rc);
  qsort(names.data, (size_t)names.count, sizeof *names.data, by_text);
  char *text = calloc(1, NOTES_SIZE);
  for (int i = 0; i < names.count; i++) {
    if (i > 0) strcat(text, ",");
    strcat(text, names.data[i]);
  }
  deallocate_String_vector(&names);
  return text;
}

int count_children(zhandle_t *zh, const char *path) {
  struct String_vector names = {0};
  int rc = zoo_get_children(zh, path, 0, &names);
  int count = names.count;
  if (rc == ZOK) deallocate_String_vector(&names);
  return rc == ZOK ? count : rc;
}

int fail(const char *file, int line, const char *format, ...) {
  int length = snprintf(failure, sizeof failure, "%s:%d ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure + length, sizeof failure - (size_t)length, format, arguments);
  va_end(arguments);
  return -1;
}

static void print_text(const char *text) {
  for (; *text != 0; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    putchar((unsigned char)*text < ' ' ? ' ' : *text);
  }
}

/* After a server was killed, a and b may be connected again only soon. */
static int make_parent(const char *path) {
  int rc = ZOK;
  UNTIL(30, (rc = make(a, path, "", ZOO_PERSISTENT)) == ZOK || rc == ZNODEEXISTS);
  UNTIL(30, sync_path(b, path) == ZOK);
  return 0;
}

void check(const char *name, int (*run)(const char *path)) {
  if (strstr(name, only) == NULL) return;
  char path[PATH_MAX_LENGTH] = "/c/";
  size_t length = strlen(path);
  for (const char *at = name; *at != 0; at++) {
    path[length++] = strchr(" :,", *at) == NULL ? *at : '-';
  }
  path[length] = 0;
  int64_t start = now_ms();
  int problem = make_parent(path) == 0 ? run(path) : -1;
  printf("{\"name\":\"%s\",\"ok\":%s,\"ms\":%lld,\"detail\":\"", name, problem == 0 ? "true" : "false",
         (long long)(now_ms() - start));
  if (problem != 0) print_text(failure);
  printf("\"}\n");
  fflush(stdout);
}

int main(int count, char **arguments) {
  zoo_set_debug_level(0);
  zoo_deterministic_conn_order(1);
  program = arguments[0];
  if (count > 3 && strcmp(arguments[1], "--silent") == 0) return be_silent(arguments[2], arguments[3]);
  if (count < 3) return 2;
  both_hosts = arguments[1];
  first_host = strndup(both_hosts, strcspn(both_hosts, ","));
  second_host = strchr(both_hosts, ',') + 1;
  control = arguments[2];
  if (count > 3) only = arguments[3];
  a = client(first_host, NULL);
  b = client(second_host, NULL);
  if (a == NULL || b == NULL) return 1;
  make(a, "/c", "", ZOO_PERSISTENT);
  add_node_checks();
  add_async_checks();
  add_watch_checks();
  add_multi_checks();
  add_access_checks();
  add_session_checks();
  return 0;
}
