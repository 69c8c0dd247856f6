// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.GuestMemory;
import org.javisor.testkit.ManualClock;

/// A partition of two processors. The first one's machine is also the partition's.
final class HvRig implements AutoCloseable {
    static final int SCONTROL = HvProcessor.SCONTROL, SIEFP = HvProcessor.SIEFP, SIMP = HvProcessor.SIMP,
            EOM = HvProcessor.EOM, SINT0 = HvProcessor.SINT0, CONFIG0 = HvProcessor.STIMER0_CONFIG,
            COUNT0 = HvProcessor.STIMER0_COUNT;
    static final long MESSAGES = 0x4000, EVENTS = 0x5000, PARAMETERS = 0x6000;
    static final long UNIT = 100;

    final FakeMachine it = new FakeMachine();
    private final FakeMachine second = new FakeMachine();
    final HvPartition partition;
    final HvProcessor processor;
    final HvProcessor other;
    final HvHypercalls calls;
    final List<String> events = new ArrayList<>();

    HvRig() {
        this(false);
    }

    HvRig(boolean vmmcall) {
        second.index = 1;
        partition = new HvPartition(it, vmmcall);
        processor = new HvProcessor(partition, it);
        other = new HvProcessor(partition, second);
        calls = new HvHypercalls(partition);
        partition.listener(new HvListener() {
            @Override
            public void reset() {
                events.add("reset");
            }

            @Override
            public void crashed(HvCrash crash) {
                events.add(crash.line());
            }
        });
    }

    GuestMemory memory() {
        return it.memory();
    }

    ManualClock clock() {
        return it.clock;
    }

    FakeMachine secondProcessor() {
        return second;
    }

    boolean write(int msr, long value) {
        return it.write(msr, value);
    }

    long read(int msr) {
        return it.read(msr);
    }

    /// Switches the first processor's SynIC on, with both pages, and source 2 at vector 0x52.
    void enableSynic() {
        write(SIMP, MESSAGES | 1);
        write(SIEFP, EVENTS | 1);
        write(SCONTROL, 1);
        write(SINT0 + 2, 0x52);
    }

    /// What the machine was asked since the last time.
    List<String> asked() {
        List<String> all = List.copyOf(it.asked);
        it.asked.clear();
        return all;
    }

    // ---- calls ----

    /// A call by numbers in place of registers.
    record Numbers(GuestMemory memory, long control, long input, long output, long... halves) implements HvCall {
        @Override
        public long xmm(int half) {
            if (half < 0 || half >= XMM_HALVES) {
                throw new AssertionError("half " + half + " of no register");
            }
            return half < halves.length ? halves[half] : 0;
        }
    }

    private HvCall made(long control, long input, long output, long... halves) {
        return new Numbers(memory(), control, input, output, halves);
    }

    /// A fast call; what does not fit into two registers is in halves of XMM registers.
    long fast(int code, int variableWords, int reps, long first, long second, long... halves) {
        return calls.call(made(code | 1L << 16 | (long) variableWords << 17 | (long) reps << 32, first, second,
                halves));
    }

    /// A slow call with its parameters in memory.
    long slow(int code, int variableWords, int reps, long... parameters) {
        for (int n = 0; n < parameters.length; n++) {
            memory().storeLong(PARAMETERS + 8L * n, parameters[n]);
        }
        return at(PARAMETERS, code, variableWords, reps);
    }

    long at(long gpa, int code, int variableWords, int reps) {
        return calls.call(made(code | (long) variableWords << 17 | (long) reps << 32, gpa, 0));
    }

    long raw(long control, long input) {
        return calls.call(made(control, input, 0));
    }

    // ---- the slot of a source ----

    int type(int sint) {
        return memory().loadInt(MESSAGES + 256L * sint);
    }

    boolean pending(int sint) {
        return (memory().loadByte(MESSAGES + 256L * sint + 5) & 1) != 0;
    }

    long payload(int sint, int word) {
        return memory().loadLong(MESSAGES + 256L * sint + 16 + 8L * word);
    }

    /// The guest takes the message out of the slot, and says so if it is to.
    void take(int sint) {
        memory().storeInt(MESSAGES + 256L * sint, 0);
        if (pending(sint)) {
            write(EOM, 0);
        }
    }

    @Override
    public void close() {
        it.close();
        second.close();
    }
}
