// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// The time stamp counter of one processor: the machine's counter, which counts nanoseconds, at another speed if the
/// processor's owner wants one, and ahead of it by what he and the guest have added.
///
/// ```
///  counter = machine's * khz / 1,000,000 + offset
/// ```
///
/// IA32_TSC_ADJUST is what of the offset the guest has added, as it thinks: a guest that writes it, or the counter,
/// changes both; who restores a processor writes each by itself.
///
/// Translated code reads a counter of the usual speed by itself, in a few nanoseconds, until [CpuEnvironment#catchUp]
/// wants to be asked; of another speed each reading is computed here.
///
/// @sdm vol. 3B §18.17 "Time-Stamp Counter"
public final class TimeStampCounter {
    static final int MACHINE_KHZ = CpuidModel.TSC_HZ / 1000;
    /// The speed of a counter is a fixed-point number with so many bits behind the point.
    private static final int FRACTION_BITS = 32;

    private final Cpu cpu;
    private int khz = MACHINE_KHZ;
    /// Ticks of this counter for one of the machine's.
    private long ratio = 1L << FRACTION_BITS;
    private long offset;
    private long adjust;
    private long aux;

    TimeStampCounter(Cpu cpu) {
        this.cpu = cpu;
    }

    void reset() {
        // The counter beneath restarts by itself when the machine is reset, for all processors at once.
        offset -= adjust;
        adjust = 0;
        aux = 0;
        withdraw();
    }

    // ---- values ----

    /// The counter when the machine's is at `machine`.
    public long at(long machine) {
        return scaled(machine) + offset;
    }

    /// How many ticks of this counter `machine` ticks of the machine's are.
    long scaled(long machine) {
        return khz == MACHINE_KHZ ? machine
                : Math.unsignedMultiplyHigh(machine, ratio) << Long.SIZE - FRACTION_BITS
                        | machine * ratio >>> FRACTION_BITS;
    }

    /// How many nanoseconds `ticks` of this counter take, rounded up; more than a guest can wait for count as those.
    public long nanos(long ticks) {
        if (khz == MACHINE_KHZ) {
            return ticks;
        }
        double exact = (double) ticks * MACHINE_KHZ / khz;
        return Math.abs(exact) >= Long.MAX_VALUE ? Long.MAX_VALUE
                : ticks / khz * MACHINE_KHZ + Math.ceilDiv(ticks % khz * MACHINE_KHZ, khz);
    }

    /// What RDTSC reads.
    public long value() {
        return at(cpu.environment.tsc());
    }

    // ---- the guest ----

    /// Writes IA32_TIME_STAMP_COUNTER: changes IA32_TSC_ADJUST by as much.
    void value(long value) {
        adjust(adjust + value - value());
    }

    long adjust() {
        return adjust;
    }

    /// Writes IA32_TSC_ADJUST, and so the counter.
    void adjust(long value) {
        offset += value - adjust;
        adjust = value;
        changed();
    }

    /// IA32_TSC_AUX.
    long aux() {
        return aux;
    }

    void aux(long value) {
        aux = value;
        withdraw();
    }

    /// RDTSC. Who has it see that time has passed has what was to happen by then happen first.
    long read() {
        publish(cpu.environment.catchUp());
        return value();
    }

    // ---- the owner ----

    /// Writes the counter, but not IA32_TSC_ADJUST.
    void restore(long value) {
        offset(offset + value - value());
    }

    /// Writes IA32_TSC_ADJUST, but not the counter.
    void restoreAdjust(long value) {
        adjust = value;
    }

    public int khz() {
        return khz;
    }

    /// @param newKhz positive
    public void khz(int newKhz) {
        khz = newKhz;
        ratio = Long.divideUnsigned((long) newKhz << FRACTION_BITS, MACHINE_KHZ);
        changed();
    }

    public long offset() {
        return offset;
    }

    public void offset(long value) {
        offset = value;
        changed();
    }

    private void changed() {
        withdraw();
        cpu.environment.tscChanged();
    }

    // ---- translated code ----

    /// Tells translated code how to read the counter, if it can.
    private void publish(long until) {
        long origin = cpu.environment.tscOrigin();
        // Checked code would read another time than the interpreter after it.
        boolean usable = origin != CpuEnvironment.NO_TSC_ORIGIN && !cpu.group.checked && khz == MACHINE_KHZ;
        HostMemory.storeLong(cpu.state + CpuLayout.TSC_ORIGIN, origin - offset);
        HostMemory.storeLong(cpu.state + CpuLayout.TSC_LIMIT, usable ? until : Long.MIN_VALUE);
        HostMemory.storeInt(cpu.state + CpuLayout.TSC_AUX, (int) aux);
    }

    /// Has translated code ask how to read the counter before it does so again: what that depends on has changed, or
    /// may have.
    void withdraw() {
        HostMemory.storeLong(cpu.state + CpuLayout.TSC_LIMIT, Long.MIN_VALUE);
    }
}
