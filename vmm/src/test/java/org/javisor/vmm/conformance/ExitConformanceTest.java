// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.javisor.memory.DirtyLogging;
import org.javisor.memory.DirtyRing;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VcpuBusyException;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Why a vCPU returns to who runs it, and what he may do then.
@Timeout(60)
class ExitConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    /// A register that no processor has.
    private static final int NOWHERE = 0x4b00_0000;
    private static final String READ_AND_WRITE_NOWHERE = """
            66b90000004b  mov ecx, 0x4b000000
            0f32          rdmsr
            6640          inc eax
            0f30          wrmsr
            f4            hlt
            """;

    private static VmConfig msrExits(MsrExitReason... reasons) {
        return VmConfig.BARE.withCaps(EnabledCaps.NONE.withMsrExits(reasons));
    }

    // ---- interrupts that the owner injects ----

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anInjectedInterruptIsDelivered(String engine) {
        try (Guest guest = new Guest(engine, """
                fb      sti
                90      nop
                f4      hlt
                f4      hlt
                """).handling(0x30, 0x1800, """
                e681    out 0x81, al
                cf      iret
                """)) {
            assertFalse(guest.vcpu.readyForInterrupt());
            assertThrows(IllegalStateException.class, () -> guest.vcpu.injectInterrupt(0x30));
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertTrue(guest.vcpu.readyForInterrupt());

            guest.vcpu.injectInterrupt(0x30);

            assertFalse(guest.vcpu.readyForInterrupt());
            assertEquals(new VmExit.PortWrite(0x81, 1, 0), guest.run());
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anInterruptWindowOpensBehindTheShadowOfSti(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, """
                90      nop
                fb      sti
                40      inc ax
                40      inc ax
                f4      hlt
                """)) {
            guest.vcpu.requestInterruptWindow(true);

            assertEquals(VmExit.InterruptWindow.INSTANCE, guest.run());

            assertEquals(0x1003, guest.vcpu.registers().rip());
            assertTrue(guest.vcpu.readyForInterrupt());
            guest.vcpu.requestInterruptWindow(false);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }

    // ---- model-specific registers ----

    @ParameterizedTest
    @MethodSource(ENGINES)
    void unknownRegistersLeaveWhereThatIsWanted(String engine) {
        try (Guest guest = new Guest(engine, msrExits(MsrExitReason.UNKNOWN), READ_AND_WRITE_NOWHERE)) {
            assertEquals(new VmExit.MsrRead(NOWHERE, MsrExitReason.UNKNOWN), guest.run());
            guest.vcpu.completeRead(0x5_0000_0041L);
            assertEquals(new VmExit.MsrWrite(NOWHERE, 0x5_0000_0042L, MsrExitReason.UNKNOWN), guest.run());
            guest.vcpu.completeRead(0);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatTheOwnerRefusesIsAFault(String engine) {
        try (Guest guest = new Guest(engine, msrExits(MsrExitReason.UNKNOWN), READ_AND_WRITE_NOWHERE)
                .handling(13, 0x1800, "f4 hlt")) {
            assertInstanceOf(VmExit.MsrRead.class, guest.run());
            guest.vcpu.refuse();
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(0x1006, guest.vm.memory().loadShort(guest.vcpu.registers().general(Registers.RSP)));
        }
        try (Guest guest = new Guest(engine, READ_AND_WRITE_NOWHERE).handling(13, 0x1800, "f4 hlt")) {
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(0x1801, guest.vcpu.registers().rip());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aFilterKeepsGuestsFromRegistersThatExist(String engine) {
        int kernelGsBase = 0xc000_0102;
        try (Guest guest = new Guest(engine, msrExits(MsrExitReason.FILTER), """
                66b9020100c0  mov ecx, 0xc0000102
                0f32          rdmsr
                f4            hlt
                """)) {
            guest.vcpu.registers().msr(kernelGsBase, 7);
            guest.vm.msrFilter(new MsrFilter(true, List.of(MsrFilter.Range.denied(kernelGsBase, 1))));

            assertEquals(new VmExit.MsrRead(kernelGsBase, MsrExitReason.FILTER), guest.run());
            guest.vcpu.completeRead(99);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(99, guest.vcpu.registers().general(Registers.RAX));
            assertEquals(7, guest.vcpu.registers().msr(kernelGsBase), "the owner is not filtered");
        }
        assertThrows(IllegalArgumentException.class, () -> MsrFilter.Range.denied(0, 0));
        assertThrows(IllegalArgumentException.class, () -> MsrFilter.Range.denied(0, MsrFilter.MOST_REGISTERS + 1));
    }

    // ---- bus locks ----

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aLockedAccessAcrossCacheLinesLeavesBehindItself(String engine) {
        VmConfig config = VmConfig.BARE.withCaps(EnabledCaps.NONE.withBusLockExits());
        Engines.assume(engine, Capability.BUS_LOCK_EXIT);
        try (Guest guest = new Guest(engine, config, """
                b96400        mov cx, 100
                66f0ff060020  loop: lock inc dword [0x2000]
                66f0ff063e20  lock inc dword [0x203e]
                e2f2          loop loop
                f4            hlt
                """)) {
            for (int round = 1; round <= 100; round++) {
                assertEquals(VmExit.BusLock.INSTANCE, guest.run());
                assertEquals(0x100f, guest.vcpu.registers().rip());
                assertEquals(round, guest.vm.memory().loadInt(0x203e));
            }
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }

    // ---- dirty rings ----

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aRingThatIsFullStopsItsProcessorUntilItIsReset(String engine) {
        Engines.assumeProcessor(engine);
        VmConfig config = VmConfig.BARE.withCaps(EnabledCaps.NONE.withDirtyRing(256));
        try (Guest guest = new Guest(engine, config, """
                bb0020        mov bx, 0x2000
                8edb          mov ds, bx
                c606000001    mov byte [0], 1
                81c30001      add bx, 0x100
                81fbfffe      cmp bx, 0xfeff
                72ef          jb 0x1003
                f4            hlt
                """)) {
            guest.vm.memory().startDirtyLog(0, DirtyLogging.RING);
            DirtyRing ring = guest.vcpu.dirtyRing().orElseThrow();
            Assumptions.assumeTrue(ring.capacity() == 256, "this host's KVM has larger rings only");
            long next = 0x20;
            VmExit exit = guest.run();
            assertEquals(VmExit.DirtyRingFull.INSTANCE, exit);
            assertEquals(VmExit.DirtyRingFull.INSTANCE, guest.run(), "still");
            while (true) {
                for (DirtyRing.Entry entry : ring.harvest()) {
                    assertEquals(new DirtyRing.Entry(0, next++), entry);
                }
                if (exit == VmExit.Halt.INSTANCE) {
                    break;
                }
                guest.vm.resetDirtyRings();
                exit = guest.run();
            }
            assertEquals(0xff, next);
            assertEquals(0, Arrays.stream(guest.vm.memory().takeDirtyLog(0)).sum());
        }
    }

    // ---- who runs it ----

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aVcpuThatRunsCannotBeRunByAnotherThread(String engine) throws InterruptedException {
        try (Guest guest = new Guest(engine, """
                e680    out 0x80, al
                ebfe    jmp $
                """)) {
            assertInstanceOf(VmExit.PortWrite.class, guest.run());
            CountDownLatch refused = new CountDownLatch(1);
            Thread other = Thread.ofPlatform().daemon().start(() -> {
                while (refused.getCount() > 0) {
                    try {
                        guest.run();
                    } catch (VcpuBusyException e) {
                        refused.countDown();
                        guest.vcpu.kick();
                    }
                }
            });
            VmExit exit = null;
            while (exit == null) {
                try {
                    exit = guest.run();
                } catch (VcpuBusyException e) {
                    refused.countDown();
                    guest.vcpu.kick();
                    exit = VmExit.Interrupted.INSTANCE;
                }
            }
            other.join();
            assertEquals(VmExit.Interrupted.INSTANCE, exit);
            assertEquals(0, refused.getCount());
        }
    }
}
