// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.host.HostMemory;
import org.javisor.machine.Machine;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.Vm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Debian's kernel boots in memory that is fetched when it is touched. When it is taken away under programs that run,
/// as it is from a machine that has just been restored, they are told so by KVM's asynchronous page faults.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class LateMemoryBootTest {
    private static final long BYTES = 256L << 20;
    private static final long FETCH_NANOS = 100_000, WITHDRAW_EVERY_NANOS = 500_000_000;
    private static final int WITHDRAWALS = 6;
    private static final String WORK = "echo begun; i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo $i | md5sum > /last;"
            + " done; cat /last; grep HYP: /proc/interrupts";

    /// Where memory is that the guest does not have.
    private final Ram elsewhere = Ram.allocate(BYTES);
    private final AtomicInteger fetched = new AtomicInteger();

    @AfterEach
    void close() {
        elsewhere.close();
    }

    private MemorySegment stored(long offset) {
        return HostMemory.segment(elsewhere.hva() + offset, GuestMemory.PAGE_BYTES);
    }

    private void fetch(long offset, MemorySegment page) {
        fetched.incrementAndGet();
        LockSupport.parkNanos(FETCH_NANOS);
        page.copyFrom(stored(offset));
    }

    private void withdraw(Vm vm) {
        vm.pause();
        try {
            vm.memory().withdraw(0, (offset, page) -> stored(offset).copyFrom(page));
        } finally {
            vm.resume();
        }
    }

    @Test
    void programsAreToldOfPagesThatAreNotThere() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        try (Machine machine = Machine.builder().cpus(2).memory(BYTES).kernel(guest.kernel()).memorySource(this::fetch)
                .initrd("initramfs", guest.running(WORK)).commandLine("console=ttyS0 quiet cryptomgr.notests")
                .serial(1, out::write).serial(3, result).build()) {
            result.whenKnown(machine::stop);
            Thread thief = Thread.ofVirtual().start(() -> {
                while (out.size() == 0) {
                    LockSupport.parkNanos(FETCH_NANOS);
                }
                for (int i = 0; i < WITHDRAWALS; i++) {
                    LockSupport.parkNanos(WITHDRAW_EVERY_NANOS);
                    withdraw(machine.vm());
                }
            });
            machine.run();
            thief.join();
        }
        String log = out.toString(StandardCharsets.UTF_8);
        System.out.println(fetched + " pages fetched; " + log);
        String[] lines = log.split("\n");
        assertEquals(md5("400\n") + "  -", lines[1]);
        assertTrue(lines[2].matches(" *HYP: .*[1-9].*"), log);
    }

    private static String md5(String text) throws NoSuchAlgorithmException {
        byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().formatHex(digest);
    }
}
