// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.LapicState;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a vCPU that does not run holds: read, written, refused, and seen by the guest.
@Timeout(60)
class VcpuStateConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int XSTATE_BV = 512, XMM0 = 160, MXCSR = 24;

    private static String refused(Runnable write) {
        return assertThrows(InvalidRegisterException.class, write::run).register();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void controlRegistersThatDoNotFitTogetherAreRefused(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            Registers.Paging before = registers.paging();
            long pe = 1, pg = 1L << 31, pae = 1 << 5, lme = 1 << 8, lma = 1 << 10;

            for (Registers.Paging wrong : new Registers.Paging[] {
                new Registers.Paging(pg, 0, 0, 0),
                new Registers.Paging(pe | 1L << 40, 0, 0, 0),
                new Registers.Paging(pe | 1 << 29, 0, 0, 0),
                new Registers.Paging(pe | pg, 0, pae, lma),
                new Registers.Paging(pe | pg, 0, 0, lme | lma),
                new Registers.Paging(pe, 0, 1L << 45, 0),
                new Registers.Paging(pe, 0, 0, 1L << 50)}) {
                assertEquals("control registers", refused(() -> registers.paging(wrong)), wrong.toString());
                assertEquals(before, registers.paging());
            }
            Registers.Paging right = new Registers.Paging(pe | pg | 1 << 4, 0x3000, pae, lme | lma);
            registers.paging(right);
            assertEquals(right, registers.paging());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersOfTheirOwnAreRefusedByName(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();

            assertEquals("dr7", refused(() -> registers.debug(7, 1L << 32)));
            assertEquals("cr8", refused(() -> registers.cr8(16)));
            assertEquals("ssp", refused(() -> registers.ssp(0x1001)));
            assertEquals("xcr0", refused(() -> registers.xcr0(2)));
            assertEquals("MSR 0x12345678", refused(() -> registers.msr(0x1234_5678)));
            assertEquals("MSR 0x12345678", refused(() -> registers.msr(0x1234_5678, 1)));
            assertEquals("xsave area", refused(() -> registers.xsave(new byte[100])));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersThatThereAreNotAreRefusedByNumber(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            Registers.Float80 one = new Registers.Float80(1L << 63, 0x3fff);
            for (int number : new int[] {-1, 16, 1 << 28, Integer.MIN_VALUE}) {
                assertEquals("general register " + number, refused(() -> registers.general(number)));
                assertEquals("general register " + number, refused(() -> registers.general(number, 1)));
                assertEquals("segment register " + number, refused(() -> registers.segment(number)));
                assertEquals("segment register " + number,
                        refused(() -> registers.segment(number, Registers.Segment.realMode(0))));
                assertEquals("vector register " + number, refused(() -> registers.vector(number, 0)));
                assertEquals("vector register " + number, refused(() -> registers.vector(number, 3, 1)));
                assertEquals("vector register 0, word " + number, refused(() -> registers.vector(0, number, 1)));
                assertEquals("st " + number, refused(() -> registers.x87Register(number)));
                assertEquals("st " + number, refused(() -> registers.x87Register(number, one)));
                assertEquals("dr" + number, refused(() -> registers.debug(number)));
                assertEquals("dr" + number, refused(() -> registers.debug(number, 0)));
            }
            assertEquals("rflags", refused(() -> registers.rflags(1L << 63)));
            assertEquals("rflags", refused(() -> registers.rflags(1 << 15)));
            registers.rflags(0);
            assertEquals(2, registers.rflags());
            assertEquals("dr4", refused(() -> registers.debug(4)));
            assertEquals("gdt", refused(() -> registers.gdt(0, 0x1_0000)));
            assertEquals("idt", refused(() -> registers.idt(0, -1)));
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anXsaveAreaHoldsWhatTheGuestComputesWith(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, """
                0f20e0        mov eax, cr4
                660d00060000  or eax, 0x600
                0f22e0        mov cr4, eax
                660ffcc0      paddb xmm0, xmm0
                f4            hlt
                """)) {
            Registers registers = guest.vcpu.registers();
            byte[] area = registers.xsave();
            for (int i = 0; i < 16; i++) {
                area[XMM0 + i] = (byte) (i + 1);
            }
            area[XSTATE_BV] |= 3;
            registers.xsave(area);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());

            byte[] after = registers.xsave();
            for (int i = 0; i < 16; i++) {
                assertEquals(2 * (i + 1), after[XMM0 + i]);
            }
            assertEquals(ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN).getLong(XMM0), registers.vector(0, 0));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anXsaveAreaThatNoProcessorHoldsIsRefused(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            byte[] before = registers.xsave();

            byte[] unknownComponent = before.clone();
            unknownComponent[XSTATE_BV + 7] = 0x40;
            byte[] compacted = before.clone();
            compacted[XSTATE_BV + 15] = (byte) 0x80;
            byte[] reservedMxcsr = before.clone();
            reservedMxcsr[MXCSR + 3] = 1;
            for (byte[] wrong : new byte[][] {unknownComponent, compacted, reservedMxcsr}) {
                assertEquals("xsave area", refused(() -> registers.xsave(wrong)));
            }
            assertArrayEquals(before, registers.xsave());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void everyMsrThatIsListedCanBeRead(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            Registers registers = guest.vcpu.registers();
            int[] indices = registers.msrIndices();

            assertTrue(Arrays.stream(indices).anyMatch(index -> index == 0xc000_0080), "EFER");
            for (int index : indices) {
                registers.msr(index);
            }
            registers.msr(0xc000_0102, 0x1234_5678L);
            assertEquals(0x1234_5678L, registers.msr(0xc000_0102));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aPendingExceptionIsDeliveredBeforeTheNextInstruction(String engine) {
        try (Guest guest = new Guest(engine, "e680 out 0x80, al").handling(6, 0x1800, "f4 hlt")) {
            guest.vcpu.events(VcpuEvents.NONE.withException(6, Optional.empty()));
            assertEquals(Optional.of(new VcpuEvents.PendingException(6, Optional.empty())),
                    guest.vcpu.events().exception());

            assertEquals(VmExit.Halt.INSTANCE, guest.run());

            assertEquals(Optional.empty(), guest.vcpu.events().exception());
            assertEquals(Guest.CODE, guest.vm.memory().loadShort(guest.vcpu.registers().general(Registers.RSP)));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anNmiThatIsBeingHandledHoldsTheNextOneBack(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, """
                90    nop
                f4    hlt
                """).handling(2, 0x1800, """
                e680  out 0x80, al
                f4    hlt
                cf    iret
                """)) {
            guest.vcpu.injectNmi();
            assertEquals(new VmExit.PortWrite(0x80, 1, 0), guest.run());
            assertTrue(guest.vcpu.events().nmiMasked());
            guest.vcpu.injectNmi();

            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertTrue(guest.vcpu.events().nmiPending());
            assertEquals(new VmExit.PortWrite(0x80, 1, 0), guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void processorsAreInTheStateThatTheyArePutInto(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(2), "f4 hlt")) {
            var second = guest.vm.createVcpu(1);
            assertEquals(MpState.RUNNABLE, guest.vcpu.mpState());
            assertEquals(MpState.UNINITIALIZED, second.mpState());

            for (MpState state : MpState.values()) {
                second.mpState(state);
                // KVM's processors take the start-up IPI when anybody looks.
                boolean started = engine.equals("kvm") && state == MpState.SIPI_RECEIVED;
                assertEquals(started ? MpState.RUNNABLE : state, second.mpState());
            }
        }
        try (Guest bare = new Guest(engine, "f4 hlt")) {
            assertThrows(IllegalArgumentException.class, () -> bare.vcpu.mpState(MpState.HALTED));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aLocalApicIsReadAndPutBackAsItsPage(String engine) {
        int taskPriority = 0x80, spurious = 0xf0, inRequest = 0x200 + 16 * 2, lint1 = 0x360;
        try (Guest guest = new Guest(engine, VmConfig.pc(1), "f4 hlt")) {
            LapicState before = guest.vcpu.lapic();
            assertEquals(0xff, before.register(spurious) & 0x1ff);

            LapicState changed = before.with(spurious, 0x1ff).with(taskPriority, 0x50).with(inRequest, 1 << 3)
                    .with(lint1, 0x400);
            guest.vcpu.lapic(changed);

            LapicState after = guest.vcpu.lapic();
            assertEquals(5, guest.vcpu.registers().cr8());
            assertEquals(0x1ff, after.register(spurious));
            assertEquals(1 << 3, after.register(inRequest));
            assertEquals(0x400, after.register(lint1));
            assertThrows(IllegalArgumentException.class, () -> new LapicState(new byte[12]));
        }
    }
}
