// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.PageSource;
import org.javisor.memory.Ram;
import org.javisor.vmm.Vm;

/// Does to a guest what a host does that has too little memory: takes it away every now and then, and brings pages back
/// when they are touched.
final class LateMemory implements PageSource, AutoCloseable {
    private static final Duration TAKEN_EVERY = Duration.ofMillis(100);

    /// What a program uses all the time, such as its code, no host would take away.
    private static final long IN_USE = 64 << 20;

    private final Ram elsewhere;

    LateMemory(long bytes) {
        elsewhere = Ram.allocate(bytes);
    }

    private MemorySegment stored(long offset) {
        return HostMemory.segment(elsewhere.hva() + offset, GuestMemory.PAGE_BYTES);
    }

    @Override
    public void read(long offset, MemorySegment page) {
        page.copyFrom(stored(offset));
    }

    /// Goes on until the thread is interrupted.
    void takeAway(Vm vm) {
        try {
            while (true) {
                Thread.sleep(TAKEN_EVERY);
                vm.pause();
                try {
                    vm.memory().withdraw(IN_USE, (offset, page) -> stored(offset).copyFrom(page));
                } finally {
                    vm.resume();
                }
            }
        } catch (InterruptedException _) {
            // The program has ended.
        }
    }

    @Override
    public void close() {
        elsewhere.close();
    }
}
