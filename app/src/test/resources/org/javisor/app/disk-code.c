/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes code that a disk's controller has put into memory: each block of 4 KiB of the disk begins with
 * `mov eax, number; ret`. They are read past the page cache into one page, which is mapped twice, and is called
 * at both addresses before and after each read.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCKS = 64, ROUNDS = 6, CALLS = 200 };

int main(int argc, char **argv)
{
    int disk = open(argv[argc - 1], O_RDONLY | O_DIRECT);
    int memory = memfd_create("code", 0);
    uint8_t *page = ftruncate(memory, PAGE) < 0 ? MAP_FAILED
        : mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, memory, 0);
    uint8_t *alias = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0);
    if (disk < 0 || page == MAP_FAILED || alias == MAP_FAILED) {
        perror("disk-code");
        return 1;
    }
    uint32_t (*here)(void) = (uint32_t (*)(void)) (uintptr_t) page;
    uint32_t (*there)(void) = (uint32_t (*)(void)) (uintptr_t) alias;
    for (int round = 0; round < ROUNDS; round++)
        for (int block = 0; block < BLOCKS; block++) {
            if (pread(disk, page, PAGE, (off_t) block * PAGE) != PAGE) {
                perror("pread");
                return 1;
            }
            for (int call = 0; call < CALLS; call++)
                if (here() != (uint32_t) block || there() != (uint32_t) block) {
                    printf("block %d: %u, %u\n", block, here(), there());
                    return 1;
                }
        }
    printf("right\n");
    return 0;
}
