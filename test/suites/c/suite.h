/* What the checks share. Each check is a function that returns 0, or what FAIL gave. */
#ifndef SUITE_H
#define SUITE_H

#ifndef THREADED
#define THREADED
#endif
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define SESSION_TIMEOUT_MS 10000
#define PATH_MAX_LENGTH 512

/* Zero-terminated notes of watchers and completions, in their order. */
struct notes;
struct notes *notes_new(void);
void note(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits until there are `count`, then at most a moment for more; gives all, comma-separated. */
const char *notes_text(struct notes *notes, int count);

/* Where the servers are: one each for a and b, both in that order, and the kill-and-start protocol. */
extern const char *first_host, *second_host, *both_hosts;
/* Clients that stay connected to one server each. */
extern zhandle_t *a, *b;

/* Notes every event with its path. */
void watch_note(zhandle_t *zh, int type, int state, const char *path, void *context);
/* A new session, connected; session events go to `states` when it is not NULL. NULL: not in 30 s. */
zhandle_t *client(const char *hosts, struct notes *states);
zhandle_t *client_again(const char *hosts, const clientid_t *id, struct notes *states);
int wait_for_state(zhandle_t *zh, int state, int seconds);
/* 0 when the server did as it was told. */
int order(const char *what);
int64_t now_ms(void);

/* zoo_create and so on with the arguments that nearly all checks give. */
int make(zhandle_t *zh, const char *path, const char *data, int mode);
int read_text(zhandle_t *zh, const char *path, char *into, int size, struct Stat *stat);
int sync_path(zhandle_t *zh, const char *path);
/* "parent/name" in a buffer that lives as long as the program. */
const char *join(const char *parent, const char *name);
/* Field by field: what lies between the fields is anything. */
int same_stat(const struct Stat *left, const struct Stat *right);
/* Children sorted and comma-separated. */
const char *children_text(zhandle_t *zh, const char *path);
/* How many children a path has, or a negative error. */
int count_children(zhandle_t *zh, const char *path);

int fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define FAIL(...) return fail(__FILE__, __LINE__, __VA_ARGS__)
#define IS_TRUE(condition) \
  do { \
    if (!(condition)) FAIL("not so: %s", #condition); \
  } while (0)
#define EQUAL(actual, expected) \
  do { \
    long long got_ = (actual), want_ = (expected); \
    if (got_ != want_) FAIL("%s: expected %lld, not %lld", #actual, want_, got_); \
  } while (0)
#define OK(call) EQUAL(call, ZOK)
#define SAME_TEXT(actual, expected) \
  do { \
    const char *got_ = (actual), *want_ = (expected); \
    if (strcmp(got_, want_) != 0) FAIL("%s: expected '%s', not '%s'", #actual, want_, got_); \
  } while (0)
#define UNTIL(seconds, condition) \
  do { \
    int64_t end_ = now_ms() + (seconds) * 1000; \
    while (!(condition)) { \
      if (now_ms() > end_) FAIL("not so after %d s: %s", (seconds), #condition); \
      usleep(20000); \
    } \
  } while (0)

void check(const char *name, int (*run)(const char *path));
void add_node_checks(void);
void add_async_checks(void);
void add_watch_checks(void);
void add_multi_checks(void);
void add_access_checks(void);
void add_session_checks(void);
/* The other program inside this one: makes an ephemeral and waits to be stopped. */
int be_silent(const char *hosts, const char *path);
extern const char *program;

#endif
