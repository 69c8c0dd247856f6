// SPDX-License-Identifier: Apache-2.0
// Runs in the guest: sequential and random requests past the page cache, and whether what is read is right.
//
// usage: storage DEVICE ROW...
//
// Every 8 bytes of the disk hold the number of their place (offset / 8), so every byte read can be checked; what is
// written is the same again. Each row prints "BEGIN row" and "END row REQUESTS BYTES NANOSECONDS ERRORS".
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 32
#define SMALL 4096
#define LARGE (1 << 20)

static int fd;
static uint64_t size;
static uint64_t seed = 88172645463325252ull;
static char *buffers[DEPTH];
static struct iocb control[DEPTH];
static aio_context_t context;

static uint64_t nanos(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t random_offset(uint64_t bytes) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % (size / bytes) * bytes;
}

static void fill(char *p, uint64_t offset, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes; i += 8) *(uint64_t *)(p + i) = (offset + i) / 8;
}

// The first word of each 512 bytes: enough to see data that went to the wrong place, and cheap.
static int wrong(const char *p, uint64_t offset, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes; i += 512) if (*(const uint64_t *)(p + i) != (offset + i) / 8) return 1;
    return 0;
}

static void submit(int slot, int writing, uint64_t offset, uint64_t bytes) {
    struct iocb *c = &control[slot];
    memset(c, 0, sizeof *c);
    c->aio_data = slot;
    c->aio_lio_opcode = writing ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    c->aio_fildes = fd;
    c->aio_buf = (uint64_t)buffers[slot];
    c->aio_nbytes = bytes;
    c->aio_offset = offset;
    if (writing) fill(buffers[slot], offset, bytes);
    if (syscall(SYS_io_submit, context, 1L, &c) != 1) { perror("io_submit"); exit(1); }
}

static void run(const char *row, int writing, int depth, int sequential, uint64_t bytes, uint64_t requests) {
    uint64_t next = 0, issued = 0, done = 0, errors = 0;
    struct io_event events[DEPTH];
    printf("BEGIN %s\n", row);
    fflush(stdout);
    uint64_t start = nanos();
    while (done < requests) {
        while (issued < requests && issued - done < (uint64_t)depth && issued < (uint64_t)depth) {
            uint64_t at = sequential ? next : random_offset(bytes);
            next = (next + bytes) % size;
            submit(issued++, writing, at, bytes);
        }
        long n = syscall(SYS_io_getevents, context, 1L, (long)depth, events, 0L);
        for (long i = 0; i < n; i++) {
            int slot = events[i].data;
            if (events[i].res != (int64_t)bytes
                    || (!writing && wrong(buffers[slot], control[slot].aio_offset, bytes))) errors++;
            done++;
            if (issued < requests) {
                uint64_t at = sequential ? next : random_offset(bytes);
                next = (next + bytes) % size;
                submit(slot, writing, at, bytes);
                issued++;
            }
        }
    }
    if (writing) fsync(fd);
    printf("END %s %lu %lu %lu %lu\n", row, requests, requests * bytes, nanos() - start, errors);
    fflush(stdout);
}

int main(int count, char **words) {
    fd = open(words[1], O_RDWR | O_DIRECT);
    if (fd < 0) { perror(words[1]); return 1; }
    size = lseek(fd, 0, SEEK_END) & -(uint64_t)LARGE;
    for (int i = 0; i < DEPTH; i++) if (posix_memalign((void **)&buffers[i], 4096, LARGE)) return 1;
    if (syscall(SYS_io_setup, DEPTH, &context)) { perror("io_setup"); return 1; }
    for (int i = 2; i < count; i++) {
        const char *row = words[i];
        if (!strcmp(row, "seqread")) run(row, 0, 4, 1, LARGE, 2048);
        else if (!strcmp(row, "seqwrite")) run(row, 1, 4, 1, LARGE, 512);
        else if (!strcmp(row, "randread1")) run(row, 0, 1, 0, SMALL, 20000);
        else if (!strcmp(row, "randread32")) run(row, 0, 32, 0, SMALL, 60000);
        else if (!strcmp(row, "randwrite32")) run(row, 1, 32, 0, SMALL, 40000);
        else { fprintf(stderr, "no row %s\n", row); return 1; }
    }
    return 0;
}
