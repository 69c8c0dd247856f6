// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.concurrent.TimeUnit;
import org.javisor.cpu.Backdoor;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.CpuidModel;

/// VMware's backdoor, as far as guests ask for the time and what they run on: commands through port 0x5658, for
/// programs too, and three pseudo performance counters. The other port, of the messages that VMware's tools exchange
/// with their host, is open and has nothing behind it.
///
/// A command is in ECX, with a magic number in EAX; what is not known leaves the registers as they are.
///
/// @linux arch/x86/include/asm/vmware.h
public final class VmwareBackdoor implements Backdoor {
    private static final int PORT = 0x5658, MESSAGES = 0x5659;
    private static final int MAGIC = 0x564d_5868;
    private static final int GET_VERSION = 10, GET_TIME = 23, GET_HZ = 45, GET_TIME_FULL = 46, GET_VCPU_INFO = 68;
    private static final int VERSION = 6, SERVER = 2;
    /// Of [#GET_VCPU_INFO]: x2APIC without interrupt remapping.
    private static final int LEGACY_X2APIC = 1 << 3;
    /// By how much the guest's time may be wrong before it is to be set, in microseconds.
    private static final int TIME_LAG = 1_000_000;
    private static final int HOST_TSC = 0x10000, APPARENT_TIME = 0x10002;
    private static final int RCX = 1, RDX = 2, RBX = 3, RSI = 6, RAX = 0;

    private final PvMachine machine;
    private final PvProcessor processor;

    public VmwareBackdoor(PvMachine machine, PvProcessor processor) {
        this.machine = machine;
        this.processor = processor;
    }

    @Override
    public boolean opens(int port, int bytes) {
        return port == PORT || port == MESSAGES;
    }

    @Override
    public int in(int port, CpuRegisters registers) {
        int magic = (int) registers.general(RAX);
        return port != PORT ? -1 : magic != MAGIC ? magic : command((int) registers.general(RCX) & 0xffff, registers);
    }

    private int command(int command, CpuRegisters registers) {
        return switch (command) {
            case GET_VERSION -> {
                registers.general(RBX, MAGIC);
                registers.general(RCX, SERVER);
                yield VERSION;
            }
            case GET_TIME -> {
                time(registers);
                yield (int) seconds();
            }
            case GET_TIME_FULL -> {
                time(registers);
                registers.general(RSI, seconds() >>> 32);
                registers.general(RDX, seconds() & 0xffff_ffffL);
                yield MAGIC;
            }
            case GET_HZ -> {
                long hz = processor.tscKhz() * 1000L;
                registers.general(RBX, hz >>> 32);
                registers.general(RCX, CpuidModel.CRYSTAL_HZ);
                yield (int) hz;
            }
            case GET_VCPU_INFO -> LEGACY_X2APIC;
            default -> MAGIC;
        };
    }

    private long seconds() {
        return TimeUnit.NANOSECONDS.toSeconds(machine.clock().wallNanos());
    }

    private void time(CpuRegisters registers) {
        registers.general(RBX, TimeUnit.NANOSECONDS.toMicros(machine.clock().wallNanos()) % 1_000_000);
        registers.general(RCX, TIME_LAG);
    }

    @Override
    public boolean hasCounter(int index) {
        return index >= HOST_TSC && index <= APPARENT_TIME;
    }

    @Override
    public long counter(int index) {
        long nanos = machine.clock().nanos();
        return index == HOST_TSC ? machine.tscAt(nanos) : nanos;
    }
}
