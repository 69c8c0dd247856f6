// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.javisor.cpu.MsrTable.READ_ONLY;

import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.MsrTable;
import org.javisor.memory.Chip;

/// Hyper-V's interface of one processor: its synthetic model-specific registers, those of the partition among them.
///
/// @hyperv Appendix "Hypervisor Synthetic MSRs"
public final class HvProcessor implements Chip<HvProcessor.State> {
    static final int GUEST_OS_ID = 0x4000_0000, HYPERCALL = 0x4000_0001, VP_INDEX = 0x4000_0002, RESET = 0x4000_0003,
            VP_RUNTIME = 0x4000_0010, TIME_REF_COUNT = 0x4000_0020, REFERENCE_TSC = 0x4000_0021,
            TSC_FREQUENCY = 0x4000_0022, APIC_FREQUENCY = 0x4000_0023, EOI = 0x4000_0070, ICR = 0x4000_0071,
            TPR = 0x4000_0072, VP_ASSIST_PAGE = 0x4000_0073, SCONTROL = 0x4000_0080, SVERSION = 0x4000_0081,
            SIEFP = 0x4000_0082, SIMP = 0x4000_0083, EOM = 0x4000_0084, SINT0 = 0x4000_0090,
            STIMER0_CONFIG = 0x4000_00b0, STIMER0_COUNT = 0x4000_00b1, GUEST_IDLE = 0x4000_00f0,
            CRASH_P0 = 0x4000_0100, CRASH_CTL = 0x4000_0105, REENLIGHTENMENT_CONTROL = 0x4000_0106,
            TSC_EMULATION_CONTROL = 0x4000_0107, TSC_EMULATION_STATUS = 0x4000_0108,
            TSC_INVARIANT_CONTROL = 0x4000_0118;
    static final int TIMERS = 4;
    private static final long ENABLED = 1;
    private static final long LOW = 0xffff_ffffL;
    /// As of an x2APIC's interrupt command.
    private static final long COMMAND_RESERVED = 0xfff3_2000L;

    private final HvPartition partition;
    private final PvMachine machine;
    private final PvProcessor processor;
    private final HvSynic synic;
    private long assistPage;
    /// In units of 100 ns: what it had executed before its thread began to, and what the guest was told last.
    private long executedBefore;
    private long executed;

    public HvProcessor(HvPartition partition, PvProcessor processor) {
        this.partition = partition;
        this.machine = partition.machine();
        this.processor = processor;
        this.synic = new HvSynic(machine, partition.time(), processor.index(), TIMERS);
        partition.add(this);
        partition.time().add(processor);
        processor.syntheticVectors(synic);
        definePartition(processor.msrs());
        defineTime(processor.msrs());
        defineApic(processor.msrs());
        defineSynic(processor.msrs());
    }

    int index() {
        return processor.index();
    }

    HvSynic synic() {
        return synic;
    }

    // ---- registers ----

    private void definePartition(MsrTable msrs) {
        msrs.define(GUEST_OS_ID, partition::guestOsId, partition::guestOsId);
        msrs.define(HYPERCALL, partition::callPage, partition::callPage);
        msrs.define(RESET, () -> 0, value -> processor.accessedByOwner() || partition.reset(value));
        for (int n = 0; n < HvCrash.PARAMETERS; n++) {
            int parameter = n;
            msrs.define(CRASH_P0 + n, () -> partition.crash(parameter), value -> partition.crash(parameter, value));
        }
        msrs.define(CRASH_CTL, () -> HvPartition.CRASH_NOTIFY | HvPartition.CRASH_TEXT,
                value -> processor.accessedByOwner() || partition.crashControl(value));
        msrs.define(REENLIGHTENMENT_CONTROL, partition::reenlightenment, partition::reenlightenment);
        msrs.define(TSC_EMULATION_CONTROL, partition::tscEmulation, partition::tscEmulation);
        msrs.define(TSC_EMULATION_STATUS, () -> 0, value -> value == 0);
        msrs.define(TSC_INVARIANT_CONTROL, partition::invariantTsc,
                value -> partition.invariantTsc(value, processor.accessedByOwner()));
    }

    private void defineTime(MsrTable msrs) {
        HvReferenceTime time = partition.time();
        msrs.define(TIME_REF_COUNT, time::now, READ_ONLY);
        msrs.define(REFERENCE_TSC, time::register, always(time::register));
        msrs.define(TSC_FREQUENCY, () -> processor.tscKhz() * 1000L, READ_ONLY);
        msrs.define(APIC_FREQUENCY, () -> CpuidModel.CRYSTAL_HZ, READ_ONLY);
        msrs.define(VP_INDEX, processor::index, READ_ONLY);
        msrs.define(VP_RUNTIME, this::runtime, this::runtime);
        msrs.define(GUEST_IDLE, () -> {
            processor.idle();
            return 0;
        }, READ_ONLY);
    }

    private void defineApic(MsrTable msrs) {
        msrs.define(EOI, null, within(LOW, _ -> processor.endOfInterrupt()));
        msrs.define(ICR, processor::interruptCommand, within(~COMMAND_RESERVED, processor::interruptCommand));
        msrs.define(TPR, processor::taskPriority, within(LOW, value -> processor.taskPriority((int) value & 0xff)));
        msrs.define(VP_ASSIST_PAGE, () -> assistPage, this::writeAssistPage);
    }

    private void defineSynic(MsrTable msrs) {
        msrs.define(SCONTROL, synic::control, synic::control);
        msrs.define(SVERSION, () -> HvSynic.VERSION, READ_ONLY);
        msrs.define(SIEFP, synic::eventPage, value -> emptied(value) && synic.eventPage(value));
        msrs.define(SIMP, synic::messagePage, value -> emptied(value) && synic.messagePage(value));
        msrs.define(EOM, () -> 0, always(_ -> synic.endOfMessage()));
        for (int n = 0; n < HvSynic.SINTS; n++) {
            int sint = n;
            msrs.define(SINT0 + n, () -> synic.sint(sint), value -> synic.sint(sint, value));
        }
        for (int n = 0; n < TIMERS; n++) {
            HvTimer timer = synic.timer(n);
            msrs.define(STIMER0_CONFIG + 2 * n, timer::config, always(timer::config));
            msrs.define(STIMER0_COUNT + 2 * n, timer::count, always(value -> timer.count(value,
                    processor.accessedByOwner())));
        }
    }

    /// A page of the SynIC's begins empty, unless it is one that has been restored.
    ///
    /// @return false if it is to be used and is not memory
    private boolean emptied(long register) {
        GuestArea page = new GuestArea(machine.memory(), register & -PvMachine.PAGE_BYTES);
        return (register & ENABLED) == 0 || processor.accessedByOwner() || page.clear(PvMachine.PAGE_BYTES);
    }

    private static LongPredicate always(LongConsumer write) {
        return within(-1, write);
    }

    private static LongPredicate within(long mask, LongConsumer write) {
        return value -> {
            if ((value & ~mask) != 0) {
                return false;
            }
            write.accept(value);
            return true;
        };
    }

    private long runtime() {
        executed = Math.max(executed, executedBefore + processor.executedNanos() / HvReferenceTime.UNIT_NANOS);
        return executed;
    }

    private boolean runtime(long value) {
        if (!processor.accessedByOwner() || value < 0) {
            return false;
        }
        executedBefore = value;
        executed = value;
        return true;
    }

    /// The page's first word is for ends of interrupts; what else is in it belongs to the guest.
    ///
    /// @hyperv "Virtual Processor Assist Page"
    private boolean writeAssistPage(long value) {
        boolean on = (value & ENABLED) != 0;
        long gpa = value & -PvMachine.PAGE_BYTES;
        if (on && !machine.memory().backsWrites(gpa, PvMachine.PAGE_BYTES)) {
            return false;
        }
        processor.lazyEndOfInterrupt(null);
        assistPage = value;
        if (on) {
            if (!processor.accessedByOwner()) {
                new GuestArea(machine.memory(), gpa).store(0, 4, 0);
            }
            processor.lazyEndOfInterrupt(new LazyEoiWord(machine.memory(), gpa));
        }
        return true;
    }

    // ---- what happens to the processor ----

    /// The guest has set its time stamp counter.
    public void tscChanged() {
        partition.time().update();
    }

    /// How long it is until one of its timers expires, in nanoseconds; [Long#MAX_VALUE] if none runs.
    public long untilTimer() {
        long nanos = machine.clock().nanos();
        long soonest = Long.MAX_VALUE;
        for (int n = 0; n < TIMERS; n++) {
            soonest = Math.min(soonest, synic.timer(n).until(nanos));
        }
        return soonest;
    }

    /// RESET.
    @Override
    public void reset() {
        synic.reset();
        processor.lazyEndOfInterrupt(null);
        assistPage = 0;
        executedBefore = 0;
        executed = 0;
    }

    /// @param executed what the guest was last told that the processor has executed, in units of 100 ns
    public record State(long assistPage, long executed, HvSynic.State synic) {
        public State {
            if (executed < 0) {
                throw new IllegalArgumentException("executed for " + executed);
            }
        }
    }

    @Override
    public State save() {
        return new State(assistPage, executed, synic.save());
    }

    @Override
    public void load(State state) {
        boolean on = (state.assistPage & ENABLED) != 0;
        long gpa = state.assistPage & -PvMachine.PAGE_BYTES;
        if (on && !machine.memory().backsWrites(gpa, PvMachine.PAGE_BYTES)) {
            throw new IllegalArgumentException(String.format("no memory at 0x%x for an assist page", gpa));
        }
        synic.load(state.synic);
        assistPage = state.assistPage;
        processor.lazyEndOfInterrupt(on ? new LazyEoiWord(machine.memory(), gpa) : null);
        executedBefore = state.executed;
        executed = state.executed;
    }
}
