// SPDX-License-Identifier: Apache-2.0
//
// How long a guest's exit to its VMM and the way back take under KVM, in C: what ExitRoundTrip measures itself by.
// Usage: exits CODE_IN_HEX EXITS ROUNDS; prints the nanoseconds of one exit, in the best round.

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

enum { RAM_BYTES = 1 << 20, CODE = 0x1000 };

static volatile uint64_t seen;

static int must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

// What a VMM looks at of each exit.
static void exit_once(int vcpu, struct kvm_run *run)
{
    must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        seen += run->io.port + *((uint8_t *) run + run->io.data_offset);
        break;
    case KVM_EXIT_MMIO:
        seen += run->mmio.phys_addr + run->mmio.data[0];
        break;
    default:
        fprintf(stderr, "exit reason %u\n", run->exit_reason);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: exits CODE_IN_HEX EXITS ROUNDS\n");
        return 2;
    }
    int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    uint8_t *ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < strlen(argv[1]) / 2; i++) {
        sscanf(argv[1] + 2 * i, "%2hhx", ram + CODE + i);
    }
    struct kvm_userspace_memory_region region = {.memory_size = RAM_BYTES, .userspace_addr = (uintptr_t) ram};
    must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    int vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    int bytes = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    struct kvm_run *run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    struct kvm_sregs sregs;
    must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
    sregs.cs.base = sregs.cs.selector = 0;
    sregs.ds.base = 0xffff0;
    sregs.ds.selector = 0xffff;
    must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
    struct kvm_regs regs = {.rip = CODE, .rflags = 2};
    must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");

    int exits = atoi(argv[2]);
    double best = 1e18;
    for (int round = atoi(argv[3]); round > 0; round--) {
        double start = now();
        for (int i = 0; i < exits; i++) {
            exit_once(vcpu, run);
        }
        double took = (now() - start) / exits;
        best = took < best ? took : best;
    }
    printf("%.1f\n", best);
    return 0;
}
