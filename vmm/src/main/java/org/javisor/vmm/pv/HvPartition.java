// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Hyper-V's interface of a machine: what its processors share. Registers are reached through each processor's
/// ([HvProcessor]); the monitor guards them.
///
/// The page of calls is written into the guest's memory, where the specification lays one over it: as KVM does.
///
/// @hyperv "Partition Properties", "Hypercall Interface"
public final class HvPartition implements Chip<HvPartition.State> {
    private static final long ENABLED = 1;
    private static final int MOST_CRASH_TEXT = PvMachine.PAGE_BYTES;
    /// Of the crash control register: there are parameters; two of them tell where a text is.
    static final long CRASH_NOTIFY = 1L << 63, CRASH_TEXT = 1L << 62;
    private static final byte[] VMCALL_RET = {0x0f, 0x01, (byte) 0xc1, (byte) 0xc3};
    private static final byte[] VMMCALL_RET = {0x0f, 0x01, (byte) 0xd9, (byte) 0xc3};

    private final PvMachine machine;
    private final HvReferenceTime time;
    private final HvConnections connections = new HvConnections();
    private final AtomicReferenceArray<HvProcessor> processors;
    private final byte[] callInstructions;
    private volatile HvListener listener = HvListener.NONE;
    private volatile long guestOsId;
    private long callPage;
    private final long[] crash = new long[HvCrash.PARAMETERS];
    /// Somebody has been told of a crash.
    private boolean crashed;
    private long reenlightenment;
    private long tscEmulation;
    private long invariantTsc;

    /// @param vmmcall whether guests are to call by VMMCALL, and not by VMCALL
    public HvPartition(PvMachine machine, boolean vmmcall) {
        this.machine = machine;
        this.time = new HvReferenceTime(machine);
        this.processors = new AtomicReferenceArray<>(machine.processors());
        this.callInstructions = vmmcall ? VMMCALL_RET : VMCALL_RET;
    }

    /// Names who does what the guest asks for. Before it runs.
    public void listener(HvListener who) {
        listener = who;
    }

    /// What the guest reaches by connection ids.
    public HvConnections connections() {
        return connections;
    }

    /// The interfaces of its processors that have been made, by their numbers.
    public List<HvProcessor> processors() {
        return IntStream.range(0, processors.length()).mapToObj(processors::get).filter(Objects::nonNull).toList();
    }

    void add(HvProcessor processor) {
        processors.set(processor.index(), processor);
    }

    PvMachine machine() {
        return machine;
    }

    HvReferenceTime time() {
        return time;
    }

    /// Null if there is none.
    private HvSynic synic(int vp) {
        HvProcessor processor = vp >= 0 && vp < processors.length() ? processors.get(vp) : null;
        return processor == null ? null : processor.synic();
    }

    // ---- for services ----

    /// Interrupts processor `vp` by a source of its SynIC. Any thread.
    ///
    /// @return whether it was accepted
    public boolean raise(int vp, int sint) {
        HvSynic synic = synic(vp);
        return synic != null && sint >= 0 && sint < HvSynic.SINTS && synic.raise(sint);
    }

    /// A port whose messages go to a source of a processor's SynIC.
    public HvConnections.MessagePort messagePort(int vp, int sint) {
        HvSynic synic = requireSynic(vp, sint);
        return message -> synic.post(sint, message);
    }

    /// A port whose signals set a flag of a processor's SynIC.
    ///
    /// @param flag 0 to 2047
    public HvConnections.EventPort eventPort(int vp, int sint, int flag) {
        HvSynic synic = requireSynic(vp, sint);
        if (flag < 0 || flag >= HvSynic.EVENT_FLAGS) {
            throw new IllegalArgumentException("there is no event flag " + flag);
        }
        return () -> synic.signal(sint, flag);
    }

    private HvSynic requireSynic(int vp, int sint) {
        HvSynic synic = synic(vp);
        if (synic == null || sint < 0 || sint >= HvSynic.SINTS) {
            throw new IllegalArgumentException("there is no source " + sint + " of processor " + vp);
        }
        return synic;
    }

    // ---- calls ----

    /// Whether the guest has said who it is, and so may call.
    public boolean takesCalls() {
        return guestOsId != 0;
    }

    long guestOsId() {
        return guestOsId;
    }

    synchronized boolean guestOsId(long value) {
        guestOsId = value;
        if (value == 0) {
            callPage &= ~ENABLED;
        }
        return true;
    }

    synchronized long callPage() {
        return callPage;
    }

    /// Nothing happens before the guest has said who it is.
    synchronized boolean callPage(long value) {
        if (guestOsId == 0) {
            return true;
        }
        if ((value & ENABLED) != 0 && !writeCall(value & -PvMachine.PAGE_BYTES)) {
            return false;
        }
        callPage = value;
        return true;
    }

    private boolean writeCall(long gpa) {
        try {
            machine.memory().store(gpa, callInstructions);
            return true;
        } catch (OutOfRangeException _) {
            return false;
        }
    }

    // ---- crash and reset ----

    synchronized long crash(int parameter) {
        return crash[parameter];
    }

    synchronized boolean crash(int parameter, long value) {
        crash[parameter] = value;
        return true;
    }

    /// A kernel crashes once.
    boolean crashControl(long value) {
        long[] parameters;
        synchronized (this) {
            if ((value & CRASH_NOTIFY) == 0 || crashed) {
                return true;
            }
            crashed = true;
            parameters = crash.clone();
        }
        listener.crashed(HvCrash.of(parameters, (value & CRASH_TEXT) != 0 ? text(parameters[3], parameters[4]) : ""));
        return true;
    }

    /// What is at `gpa`, of the guest's choice, as one line.
    private String text(long gpa, long bytes) {
        byte[] raw = new byte[Math.clamp(bytes, 0, MOST_CRASH_TEXT)];
        try {
            machine.memory().load(gpa, raw, 0, raw.length);
        } catch (OutOfRangeException _) {
            return "";
        }
        return new String(raw, StandardCharsets.US_ASCII).replaceAll("[^!-~]+", " ").strip();
    }

    boolean reset(long value) {
        if (value == 1) {
            listener.reset();
        }
        return true;
    }

    // ---- registers that only hold what is written: the counter's frequency never changes ----

    synchronized long reenlightenment() {
        return reenlightenment;
    }

    synchronized boolean reenlightenment(long value) {
        reenlightenment = value;
        return true;
    }

    synchronized long tscEmulation() {
        return tscEmulation;
    }

    synchronized boolean tscEmulation(long value) {
        tscEmulation = value;
        return true;
    }

    synchronized long invariantTsc() {
        return invariantTsc;
    }

    /// What a guest has switched on stays so.
    synchronized boolean invariantTsc(long value, boolean byOwner) {
        if ((value & ~ENABLED) != 0 || value < invariantTsc && !byOwner) {
            return false;
        }
        invariantTsc = value;
        return true;
    }

    // ---- reset and state ----

    /// RESET. The reference time goes on.
    @Override
    public synchronized void reset() {
        guestOsId = 0;
        callPage = 0;
        time.reset();
        Arrays.fill(crash, 0);
        crashed = false;
        reenlightenment = 0;
        tscEmulation = 0;
        invariantTsc = 0;
    }

    /// Registers, by their names.
    public record State(long guestOsId, long callPage, HvReferenceTime.State time, List<Long> crash,
                        boolean crashed,
                        long reenlightenment, long tscEmulation, long invariantTsc) {
        public State {
            crash = List.copyOf(crash);
            if (crash.size() != HvCrash.PARAMETERS || (invariantTsc & ~ENABLED) != 0
                    || guestOsId == 0 && (callPage & ENABLED) != 0) {
                throw new IllegalArgumentException("no state of a partition");
            }
        }
    }

    @Override
    public synchronized State save() {
        return new State(guestOsId, callPage, time.save(), Arrays.stream(crash).boxed().toList(), crashed,
                reenlightenment, tscEmulation, invariantTsc);
    }

    @Override
    public synchronized void load(State state) {
        guestOsId = state.guestOsId;
        callPage = state.callPage;
        time.load(state.time);
        for (int n = 0; n < crash.length; n++) {
            crash[n] = state.crash.get(n);
        }
        crashed = state.crashed;
        reenlightenment = state.reenlightenment;
        tscEmulation = state.tscEmulation;
        invariantTsc = state.invariantTsc;
    }
}
