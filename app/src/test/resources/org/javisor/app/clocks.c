/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of Linux that must not go backward, read by a thread on each processor: it reads one after the other, and
 * compares what it gets with the latest that any thread had got before it began to read.
 *
 *   clocks SECONDS    for so long by CLOCK_MONOTONIC
 *
 * Prints a line for each step back, a few at most; succeeds if there was none.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CLOCKS = 4, ROUNDS = 64, MOST_TOLD = 8, PAUSE_MICROSECONDS = 100 };

static struct clock {
    const char *name;
    clockid_t id;
    _Alignas(64) _Atomic long long latest;
} clocks[CLOCKS] = {
    {"monotonic", CLOCK_MONOTONIC},
    {"realtime", CLOCK_REALTIME},
    {"raw", CLOCK_MONOTONIC_RAW},
    {"boottime", CLOCK_BOOTTIME},
};
static long long end;
static _Atomic long steps;

static long long now(clockid_t id)
{
    struct timespec at;
    clock_gettime(id, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void look(struct clock *clock, long cpu)
{
    long long before = atomic_load(&clock->latest);
    long long at = now(clock->id);
    if (at < before && atomic_fetch_add(&steps, 1) < MOST_TOLD)
        printf("%s on processor %ld: back by %lld ns at %lld\n", clock->name, cpu, before - at, at);
    while (at > before && !atomic_compare_exchange_weak(&clock->latest, &before, at))
        ;
}

static void *compare(void *argument)
{
    long cpu = (long) argument;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpu, &own);
    if (sched_setaffinity(0, sizeof own, &own) != 0) {
        perror("sched_setaffinity");
        exit(1);
    }
    while (now(CLOCK_MONOTONIC) < end) {
        for (int i = 0; i < ROUNDS * CLOCKS; i++)
            look(&clocks[i % CLOCKS], cpu);
        /* Timers and idle processors belong to it. */
        usleep(PAUSE_MICROSECONDS);
    }
    return 0;
}

int main(int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[cpus];
    end = now(CLOCK_MONOTONIC) + atoll(argv[argc - 1]) * 1000000000LL;
    for (long cpu = 0; cpu < cpus; cpu++)
        pthread_create(&threads[cpu], 0, compare, (void *) cpu);
    for (long cpu = 0; cpu < cpus; cpu++)
        pthread_join(threads[cpu], 0);
    return steps != 0;
}
