/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the soak runs on the host and in the guest: each row does one kind of work and prints a checksum of it last.
 * Floating point stays clear of the C library, whose choice of code depends on the processor.
 *
 *   soak --list    the rows
 *   soak ROW       one of them
 */
#define _GNU_SOURCE
#include <emmintrin.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

static u64 state = 0x9e3779b97f4a7c15;

/* splitmix64: a constant step and a finaliser */
static u64 next(void)
{
    u64 z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static u64 fold(u64 sum, const void *bytes, size_t n)
{
    for (const uint8_t *p = bytes; n--; p++)
        sum = (sum << 5 | sum >> 59) ^ *p * 0x100000001b3;
    return sum;
}

static void *pages(size_t bytes, int protection)
{
    void *p = mmap(0, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

/* Heap sort, 128-bit products, divisions, rotations and bit counts. */
static void sift(u32 *v, u32 at, u32 n)
{
    for (u32 child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && v[child + 1] > v[child];
        if (v[at] >= v[child])
            return;
        u32 t = v[at];
        v[at] = v[child];
        v[child] = t;
    }
}

static u64 integers(void)
{
    enum { N = 100000 };
    static u32 v[N];
    u64 sum = 1;
    for (u32 i = 0; i < N; i++)
        v[i] = next();
    for (u32 i = N / 2; i-- > 0;)
        sift(v, i, N);
    for (u32 n = N; n-- > 1;) {
        u32 t = v[0];
        v[0] = v[n];
        v[n] = t;
        sift(v, 0, n);
    }
    sum = fold(sum, v, sizeof v);
    for (u32 i = 0; i < 1000000; i++) {
        u64 a = next(), b = next() | 1;
        unsigned __int128 p = (unsigned __int128) a * b;
        sum ^= (u64) (p >> 64) + a / (b >> (i & 31)) + (int64_t) b % (int32_t) (i + 3);
        sum = sum << (i & 63) | sum >> (-i & 63);
        sum += __builtin_popcountll(a) + __builtin_ctzll(b) + __builtin_bswap64(p);
        sum += (int16_t) a * (int8_t) b + ((uint8_t) a < (uint8_t) b);
    }
    return sum;
}

/* Recursion, indirect calls, and jumps through a table. */
static u64 __attribute__((noinline)) ackermann(u64 m, u64 n)
{
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static u64 twice(u64 x) { return 2 * x + 1; }
static u64 swapped(u64 x) { return __builtin_bswap64(x) ^ 0x55; }
static u64 squared(u64 x) { return x * x + 7; }
static u64 turned(u64 x) { return x << 13 | x >> 51; }

static u64 branches(void)
{
    static u64 (*const ways[])(u64) = { twice, swapped, squared, turned };
    u64 sum = ackermann(2, 400), x = 3;
    for (u32 i = 0; i < 5000000; i++) {
        switch (x >> 17 & 7) {
        case 0: x += i; break;
        case 1: x = ways[i & 3](x); break;
        case 2: x ^= x >> 9; break;
        case 3: x -= 0x1234567; break;
        case 4: x = x % 3 == 0 ? x / 3 + i : x * 3; break;
        case 5: x = ~x; break;
        case 6: x = ways[x & 3](x); break;
        default: x += 0x9e3779b97f4a7c15;
        }
        sum ^= x;
    }
    return sum;
}

/* A damped oscillation, Horner's rule, Newton's roots, conversions. */
static u64 floats(void)
{
    double x = 1, v = 0, roots = 0, poly = 0;
    float narrow = 0.1f;
    long whole = 0;
    for (int i = 1; i < 2000000; i++) {
        v -= 0.01 * x + 0.0001 * v;
        x += 0.01 * v;
        double r = i;
        for (int k = 0; k < 3; k++)
            r = 0.5 * (r + i / r);
        roots += r - __builtin_sqrt(i);
        poly = ((poly * 0.5 + x) * 0.25 - v) * 0.75 + 1e-3 * i;
        narrow = narrow * 3.9f * (1 - narrow);
        whole += (long) (poly * 1e6) - (int) (narrow * 1e5f);
    }
    u64 sum = fold(fold(fold(fold(1, &x, 8), &v, 8), &roots, 8), &poly, 8);
    return fold(fold(sum, &narrow, 4), &whole, 8);
}

static u64 extended(void)
{
    long double x = 0.3L, y = 0, z = 1;
    u64 sum = 1;
    for (int i = 1; i < 1000000; i++) {
        x = 3.8L * x * (1 - x);
        y += x / i;
        z = z * 1.0000003L - y * 1e-9L;
        if ((i & 1023) == 0) {
            long double s, c;
            int64_t n = z * 1e12L;
            __asm__("fsqrt" : "=t"(s) : "0"(y));
            __asm__("frndint" : "=t"(c) : "0"(s * i));
            sum = fold(fold(fold(sum, &n, 8), &s, 10), &c, 10);
        }
    }
    return sum;
}

static u64 vectors(void)
{
    enum { N = 4096 };
    static __m128i bytes[N], words[N];
    static __m128d doubles[N];
    for (int i = 0; i < N; i++) {
        bytes[i] = _mm_set_epi64x(next(), next());
        words[i] = _mm_set_epi64x(next(), next());
        doubles[i] = _mm_set_pd(i * 0.5, 1.0 / (i + 1));
    }
    __m128i a = _mm_setzero_si128();
    __m128d d = _mm_setzero_pd();
    for (int r = 0; r < 300; r++)
        for (int i = 0; i < N; i++) {
            __m128i x = bytes[i], y = words[i];
            a = _mm_add_epi32(a, _mm_madd_epi16(x, y));
            a = _mm_xor_si128(a, _mm_unpacklo_epi8(x, _mm_avg_epu8(x, y)));
            a = _mm_sub_epi64(_mm_shuffle_epi32(a, 0x39), _mm_mul_epu32(x, a));
            a = _mm_or_si128(_mm_slli_epi64(a, 3), _mm_packs_epi32(x, _mm_srai_epi32(y, 5)));
            d = _mm_add_pd(_mm_mul_pd(d, _mm_set1_pd(0.99)), _mm_sqrt_pd(doubles[i]));
        }
    return fold(fold(1, &a, 16), &d, 16);
}

/* The same source twice: with AVX2 and FMA where the processor has them. Both give the same. */
typedef u32 lanes __attribute__((vector_size(32)));
typedef double reals __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) void wide(const lanes *v, int n, lanes *sum, reals *real)
{
    lanes s = *sum;
    reals f = *real;
    for (int i = 0; i < n; i++) {
        lanes x = v[i];
        lanes more = (lanes) (x > s);
        s = s * 33 + (x ^ x >> 7) + ((x & more) | (s & ~more));
        s = __builtin_shuffle(s, (lanes) { 3, 0, 7, 1, 6, 2, 5, 4 });
        for (int k = 0; k < 4; k++)
            f[k] = __builtin_fma(f[k], 0.75, (double) (int) x[k]);
        f = f * (reals) { 0.5, 0.25, 0.125, 1 } + (reals) { 1, 2, 3, 4 };
    }
    *sum = s;
    *real = f;
}

static void __attribute__((target("avx2,fma"))) wide_avx(const lanes *v, int n, lanes *sum, reals *real)
{
    wide(v, n, sum, real);
}

static void wide_sse(const lanes *v, int n, lanes *sum, reals *real)
{
    wide(v, n, sum, real);
}

static u64 wide_vectors(void)
{
    enum { N = 4096 };
    static lanes v[N], sum;
    static reals real;
    int avx = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 8; k++)
            v[i][k] = next();
    for (int r = 0; r < 40; r++)
        (avx ? wide_avx : wide_sse)(v, N, &sum, &real);
    return fold(fold(1, &sum, 32), &real, 32);
}

/* A cycle through 16 MiB in random order: Sattolo's permutation. */
static u64 chase(void)
{
    enum { N = 1 << 18, STRIDE = 16 };
    u32 *v = pages(N * STRIDE * 4, PROT_READ | PROT_WRITE);
    for (u32 i = 0; i < N; i++)
        v[i * STRIDE] = i;
    for (u32 i = N - 1; i > 0; i--) {
        u32 j = next() % i, t = v[i * STRIDE];
        v[i * STRIDE] = v[j * STRIDE];
        v[j * STRIDE] = t;
    }
    u32 at = 0;
    u64 sum = 0;
    for (u32 i = 0; i < 3 * N; i++)
        sum = sum * 5 + (at = v[at * STRIDE]);
    return sum;
}

static void repeat(char what, void *to, const void *from, size_t n)
{
    switch (what) {
    case 'm': __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) :: "memory"); break;
    case 'q': n /= 8; __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) :: "memory"); break;
    case 's': __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(n) : "memory"); break;
    case 'd': /* backwards */
        to = (char *) to + n - 1;
        from = (const char *) from + n - 1;
        __asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(n) :: "memory");
    }
}

static u64 copies(void)
{
    enum { N = 4 << 20 };
    uint8_t *a = pages(N, PROT_READ | PROT_WRITE), *b = pages(N, PROT_READ | PROT_WRITE);
    u64 sum = 1;
    for (int i = 0; i < N; i += 8)
        memcpy(a + i, &(u64) { next() }, 8);
    for (int r = 0; r < 60; r++) {
        size_t from = next() % 9000, to = next() % 9000, n = r < 40 ? N - 9000 : next() % 5000;
        repeat("mqs"[r % 3], b + to, a + from, n);
        memmove(a + to, a + from, n);
        if (r % 20 == 0)
            repeat('d', a + to + 1, a + to, n % 20000);
        sum = fold(sum, b + to + n - 50, 100);
    }
    return fold(fold(sum, a, N), b, N);
}

static u64 calls(void)
{
    u64 sum = 0;
    struct timespec t;
    int fd = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 100000; i++) {
        sum += syscall(SYS_getpid) > 0;
        sum += write(fd, "0123456789", i % 11);
        sum += clock_gettime(CLOCK_MONOTONIC, &t) == 0;
        sum += close(-1) < 0;
    }
    return sum;
}

/* Numbers go round among three processes. */
static u64 pipes(void)
{
    enum { PROCESSES = 3, ROUNDS = 6000 };
    int end[PROCESSES][2];
    u64 token = 1;
    for (int i = 0; i < PROCESSES; i++)
        if (pipe(end[i]) < 0)
            return 0;
    for (int i = 1; i < PROCESSES; i++)
        if (fork() == 0) {
            for (int r = 0; r < ROUNDS; r++) {
                if (read(end[i - 1][0], &token, 8) != 8)
                    _exit(1);
                token = token * 3 + i;
                if (write(end[i][1], &token, 8) != 8)
                    _exit(1);
            }
            _exit(0);
        }
    for (int r = 0; r < ROUNDS; r++)
        if (write(end[0][1], &token, 8) != 8 || read(end[PROCESSES - 1][0], &token, 8) != 8)
            return 0;
    int status, failed = 0;
    while (wait(&status) > 0)
        failed |= status;
    return token + failed;
}

static volatile sig_atomic_t faults;

static void allow(int signal, siginfo_t *info, void *context)
{
    (void) signal, (void) context;
    faults++;
    mprotect((void *) ((uintptr_t) info->si_addr & -4096), 4096, PROT_READ | PROT_WRITE);
}

/* First touches, copies on write in a child, and pages that a signal handler opens. */
static u64 page_faults(void)
{
    enum { PAGES = 1500 };
    struct sigaction action = { .sa_sigaction = allow, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, 0);
    u64 sum = 1;
    for (int r = 0; r < 4; r++) {
        uint8_t *p = pages(PAGES * 4096, PROT_READ | PROT_WRITE);
        for (int i = 0; i < PAGES; i++)
            p[i * 4096 + r] = i;
        if (fork() == 0) {
            for (int i = 0; i < PAGES; i++)
                p[i * 4096 + r] ^= 1;
            _exit(fold(1, p, PAGES * 4096) & 127);
        }
        int status;
        wait(&status);
        mprotect(p, PAGES * 4096, PROT_NONE);
        for (int i = 0; i < PAGES; i += 3)
            p[i * 4096 + 5] += r + 1;
        mprotect(p, PAGES * 4096, PROT_READ);
        sum = fold(sum * 3 + WEXITSTATUS(status), p, PAGES * 4096);
        munmap(p, PAGES * 4096);
    }
    return sum * 31 + faults;
}

static u64 programs(void)
{
    u64 sum = 0;
    for (int i = 0; i < 60; i++) {
        if (fork() == 0) {
            execl("/proc/self/exe", "soak", "--exit", "37", (char *) 0);
            _exit(1);
        }
        int status;
        wait(&status);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

/* Functions written, run, changed in place and run again. */
static u64 generated(void)
{
    enum { SLOTS = 64, BYTES = 48 };
    uint8_t *code = pages(SLOTS * BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
    u64 sum = 0;
    for (u32 r = 0; r < 30000; r++) {
        uint8_t *p = code + next() % SLOTS * BYTES, *q = p;
        u32 value = next();
        *q++ = 0x89, *q++ = 0xf8;                               /* mov eax, edi */
        for (u32 k = r & 3; k-- > 0;)
            *q++ = 0x69, *q++ = 0xc0, memcpy(q, &value, 4), q += 4; /* imul eax, eax, value */
        *q++ = "\x05\x2d\x35\x0d"[value & 3];                   /* add, sub, xor, or eax, value */
        memcpy(q, &value, 4), q += 4;
        *q++ = 0xc3;
        u32 (*f)(u32) = (u32 (*)(u32)) (uintptr_t) p;
        for (u32 k = 0; k < 10; k++)
            sum = sum * 7 + f(k);
        q[-2] ^= 0x40;
        sum ^= f(r);
    }
    return sum;
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
    (void) signal;
    ticks++;
}

/* Sleeps, and a signal every 2 ms while something is computed: what is computed does not notice. */
static u64 timers(void)
{
    struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
    struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct timespec moment = { 0, 700000 };
    u64 sum = 0, first = 0;
    for (int i = 0; i < 60; i++)
        nanosleep(&moment, 0);
    sigaction(SIGALRM, &action, 0);
    setitimer(ITIMER_REAL, &every, 0);
    while (ticks < 20) {
        state = 1;
        sum = 0;
        for (int i = 0; i < 100000; i++)
            sum = sum * 3 + next();
        if (first != 0 && first != sum)
            return 0;
        first = sum;
    }
    setitimer(ITIMER_REAL, &never, 0);
    return first;
}

static u64 counter, locked_sum;
static u32 lock;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *thread(void *number)
{
    u64 own = (uintptr_t) number;
    for (int i = 0; i < 400000; i++) {
        __atomic_fetch_add(&counter, own, __ATOMIC_SEQ_CST);
        if (i % 16 == 0) {
            while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
                sched_yield();
            locked_sum += i;
            __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
        }
        if (i % 64 == 0) {
            pthread_mutex_lock(&mutex);
            u64 old = __atomic_load_n(&locked_sum, __ATOMIC_RELAXED);
            while (!__atomic_compare_exchange_n(&counter, &old, old + 3, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
                ;
            __atomic_fetch_sub(&counter, 3, __ATOMIC_SEQ_CST);
            pthread_mutex_unlock(&mutex);
        }
    }
    return 0;
}

static u64 threads(void)
{
    pthread_t all[4];
    for (uintptr_t i = 0; i < 4; i++)
        pthread_create(&all[i], 0, thread, (void *) (i + 1));
    for (int i = 0; i < 4; i++)
        pthread_join(all[i], 0);
    return counter * 1000003 + locked_sum;
}

/* Reads past the page cache. Who compares gives both the same content. */
static u64 disk(void)
{
    const char *name = getenv("SOAK_DISK");
    int fd = open(name ? name : "/dev/vda", O_RDONLY | O_DIRECT);
    void *buffer = pages(1 << 20, PROT_READ | PROT_WRITE);
    u64 sum = 1;
    for (int i = 0; i < 8; i++) {
        if (pread(fd, buffer, 1 << 20, (off_t) i << 20) != 1 << 20)
            return 0;
        sum = fold(sum, buffer, 1 << 20);
    }
    for (int i = 0; i < 1000; i++) {
        if (pread(fd, buffer, 4096, (off_t) (next() % 2048) << 12) != 4096)
            return 0;
        sum = fold(sum, buffer, 16);
    }
    return sum;
}

static const struct {
    const char *name;
    u64 (*run)(void);
} rows[] = {
    { "integers", integers }, { "branches", branches }, { "floats", floats }, { "extended", extended },
    { "vectors", vectors }, { "wide", wide_vectors }, { "chase", chase }, { "copies", copies }, { "calls", calls },
    { "pipes", pipes }, { "faults", page_faults }, { "programs", programs }, { "generated", generated },
    { "timers", timers }, { "threads", threads }, { "disk", disk },
};

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--exit"))
        return atoi(argv[2]);
    for (size_t i = 0; argc == 2 && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(argv[1], "--list"))
            puts(rows[i].name);
        else if (!strcmp(argv[1], rows[i].name))
            printf("%s %016llx\n", rows[i].name, (unsigned long long) rows[i].run());
    return 0;
}
