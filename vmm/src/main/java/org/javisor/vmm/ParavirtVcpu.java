// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.cpu.Cpu;
import org.javisor.cpu.MsrTable;
import org.javisor.vmm.irq.LazyEoi;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.KvmProcessor;
import org.javisor.vmm.pv.PvProcessor;

/// The paravirtual interfaces of one software processor, and that processor as they see it. On its thread.
final class ParavirtVcpu implements PvProcessor {
    private final Paravirt machine;
    private final Cpu cpu;
    private final InterruptWiring wiring;
    private final SchedulerDelay delay = new SchedulerDelay();
    /// Null where it is not offered.
    private final KvmProcessor kvm;

    /// @param wiring null in a machine without interrupt chips
    ParavirtVcpu(Paravirt machine, Cpu cpu, InterruptWiring wiring) {
        this.machine = machine;
        this.cpu = cpu;
        this.wiring = wiring;
        this.kvm = machine.offers(GuestInterface.KVM) ? new KvmProcessor(machine, this) : null;
        if (wiring != null) {
            wiring.paravirt(this);
        }
    }

    // ---- what happens to the processor ----

    /// Executes a call that the guest made with the registers as they are. Every guest may try.
    void call(Registers registers) {
        boolean wide = cpu.in64BitMode();
        long mask = wide ? -1 : 0xffff_ffffL;
        long result = machine.kvm().call(this, registers.cpl(), wide, registers.general(Registers.RAX) & mask,
                registers.general(Registers.RBX) & mask, registers.general(Registers.RCX) & mask,
                registers.general(Registers.RDX) & mask, registers.general(Registers.RSI) & mask);
        registers.general(Registers.RAX, result & mask);
    }

    void tscChanged() {
        if (kvm != null) {
            kvm.tscChanged();
        }
    }

    /// The processor goes to sleep.
    void away() {
        if (kvm != null) {
            kvm.away();
        }
    }

    /// The processor is back.
    ///
    /// @return whether it has to forget its translations
    boolean back() {
        return kvm != null && kvm.back();
    }

    /// It has taken an interrupt: a moment to bring accounts up to date.
    void interrupted() {
        if (kvm != null) {
            kvm.running();
        }
    }

    void reset() {
        if (kvm != null) {
            kvm.reset();
        }
    }

    void close() {
        delay.close();
    }

    // ---- the processor ----

    @Override
    public MsrTable msrs() {
        return cpu.msrs();
    }

    @Override
    public long tscOf(long machineTsc) {
        return cpu.tscAt(machineTsc);
    }

    @Override
    public int tscKhz() {
        return cpu.tscKhz();
    }

    @Override
    public long stolenNanos() {
        return delay.nanos();
    }

    @Override
    public void lazyEndOfInterrupt(LazyEoi area) {
        if (wiring != null) {
            wiring.lazyEndOfInterrupt(area);
        }
    }
}
