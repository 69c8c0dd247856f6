// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.BusDevice;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Instructions that read and write one operand, where a device is: it is read once and written once, though it tells
/// something else each time.
@Timeout(60)
class DeviceAccessConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final long DEVICE = 0x10_0000;
    private static final int CARRY = 1, FIRST = 0x100;

    /// A line of code, and what becomes of what is read: with EAX = 7 and the carry set.
    private record Step(String code, long written, boolean carry) { }

    private static final List<Step> STEPS = List.of(
            new Step("870500001000      xchg [0x100000], eax", 7, true),
            new Step("f00fc10500001000  lock xadd [0x100000], eax", FIRST + 7, false),
            new Step("010500001000      add [0x100000], eax", FIRST + 7, false),
            new Step("f0010500001000    lock add [0x100000], eax", FIRST + 7, false),
            new Step("110500001000      adc [0x100000], eax", FIRST + 8, false),
            new Step("f0110500001000    lock adc [0x100000], eax", FIRST + 8, false),
            new Step("f0190500001000    lock sbb [0x100000], eax", FIRST - 8, false),
            new Step("ff0500001000      inc dword [0x100000]", FIRST + 1, true),
            new Step("f0ff0d00001000    lock dec dword [0x100000]", FIRST - 1, true),
            new Step("f0f71d00001000    lock neg dword [0x100000]", -FIRST & 0xffff_ffffL, true),
            new Step("f00fba2d0000100005 lock bts dword [0x100000], 5", FIRST | 1 << 5, false),
            new Step("d11500001000      rcl dword [0x100000], 1", FIRST << 1 | 1, false));

    private static Guest executing(String engine, boolean exits, Step step) {
        Guest guest = new Guest(engine, VmConfig.BARE.withExitsOnUnclaimed(exits), step.code() + "\nf4 hlt")
                .inProtectedMode(0);
        guest.vcpu.registers().general(Registers.RAX, 7);
        guest.vcpu.registers().rflags(2 | CARRY);
        return guest;
    }

    private static void assertDone(Guest guest, Step step) {
        assertEquals(VmExit.Halt.INSTANCE, guest.run(), step.code());
        assertEquals(step.carry() ? CARRY : 0, guest.vcpu.registers().rflags() & CARRY, step.code());
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theOwnerIsAskedOnceAndToldOnce(String engine) {
        for (Step step : STEPS) {
            try (Guest guest = executing(engine, true, step)) {
                assertEquals(new VmExit.MmioRead(DEVICE, 4), guest.run(), step.code());
                guest.vcpu.completeRead(FIRST);
                assertEquals(new VmExit.MmioWrite(DEVICE, 4, step.written()), guest.run(), step.code());
                assertDone(guest, step);
            }
        }
    }

    /// From memory into a device, and from one page of devices into the next: page by page, in powers of two.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void accessesAcrossPagesAreOneForEachPage(String engine) {
        try (Guest guest = new Guest(engine, """
                a3feff0f00      mov [0xffffe], eax
                8b1dfeff0f00    mov ebx, [0xffffe]
                a3fd0f1000      mov [0x100ffd], eax
                8b0dfd0f1000    mov ecx, [0x100ffd]
                f4              hlt
                """).inProtectedMode(0)) {
            Registers registers = guest.vcpu.registers();
            registers.general(Registers.RAX, 0x4433_2211);
            assertEquals(new VmExit.MmioWrite(DEVICE, 2, 0x4433), guest.run());
            assertEquals(new VmExit.MmioRead(DEVICE, 2), guest.run());
            guest.vcpu.completeRead(0xbbaa);
            assertEquals(new VmExit.MmioWrite(DEVICE + 0xffd, 2, 0x2211), guest.run());
            assertEquals(new VmExit.MmioWrite(DEVICE + 0xfff, 1, 0x33), guest.run());
            assertEquals(new VmExit.MmioWrite(DEVICE + 0x1000, 1, 0x44), guest.run());
            assertEquals(new VmExit.MmioRead(DEVICE + 0xffd, 2), guest.run());
            guest.vcpu.completeRead(0x0201);
            assertEquals(new VmExit.MmioRead(DEVICE + 0xfff, 1), guest.run());
            guest.vcpu.completeRead(3);
            assertEquals(new VmExit.MmioRead(DEVICE + 0x1000, 1), guest.run());
            guest.vcpu.completeRead(4);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(0xbbaa_2211L, registers.general(Registers.RBX));
            assertEquals(0x0403_0201, registers.general(Registers.RCX));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aDeviceThatCountsIsReadOnceAndWrittenOnce(String engine) {
        for (Step step : STEPS) {
            List<String> accesses = new ArrayList<>();
            try (Guest guest = executing(engine, false, step)) {
                guest.vm.mmio().attach(DEVICE, 4, new BusDevice() {
                    private int reads;

                    @Override
                    public long read(long offset, int size) {
                        accesses.add("read");
                        return FIRST + reads++;
                    }

                    @Override
                    public void write(long offset, int size, long value) {
                        accesses.add("write " + value);
                    }
                }, "counting");
                assertDone(guest, step);
                assertEquals(List.of("read", "write " + step.written()), accesses, step.code());
            }
        }
    }
}
