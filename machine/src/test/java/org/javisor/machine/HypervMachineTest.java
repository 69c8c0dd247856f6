// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.testkit.MicroGuest;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a guest of Hyper-V's asks of its machine.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HypervMachineTest {
    private static final int RESET = 0x4000_0003, CRASH_P0 = 0x4000_0100, CRASH_CTL = 0x4000_0105;
    private static final int PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000;

    private final List<String> reports = new ArrayList<>();

    private MachineExit run(MicroGuest guest, Reaction onPanic) {
        PeripheralConfig peripherals = PeripheralConfig.NONE.withPanicDevice(PanicDevice.NONE, onPanic);
        try (Machine machine = Machine.builder().memory(32 << 20).kernel("micro-guest", guest.elf())
                .interfaces(EnumSet.of(GuestInterface.HYPERV)).onReset(ResetPolicy.STOP).peripherals(peripherals)
                .reports(reports::add).build()) {
            return machine.run();
        }
    }

    /// MOV ECX, msr; MOV EDX, high; MOV EAX, low; WRMSR.
    private static MicroGuest write(MicroGuest guest, int msr, int high, int low) {
        return number(number(number(guest, 0xb9, msr), 0xba, high), 0xb8, low).bytes(0x0f, 0x30);
    }

    private static MicroGuest number(MicroGuest guest, int opcode, int value) {
        return guest.bytes(opcode, value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >>> 24);
    }

    private static MicroGuest crash() {
        MicroGuest guest = write(new MicroGuest(), CRASH_P0, 0, 0xd1);
        return write(guest, CRASH_CTL, 1 << 31, 0).out16(PM1_CONTROL, SLEEP_ENABLE).stop();
    }

    @Test
    void aGuestResetsByARegister() {
        assertInstanceOf(MachineExit.Reset.class, run(write(new MicroGuest(), RESET, 0, 1).stop(), Reaction.REPORT));
    }

    @Test
    void aCrashIsReported() {
        assertInstanceOf(MachineExit.PoweredOff.class, run(crash(), Reaction.REPORT));
        assertEquals(1, reports.stream().filter("the guest's kernel crashed: 0xd1 0x0 0x0 0x0 0x0"::equals).count());
    }

    @Test
    void aCrashEndsTheMachineWhenToldTo() {
        assertInstanceOf(MachineExit.Panicked.class, run(crash(), Reaction.STOP));
    }
}
