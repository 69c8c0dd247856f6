// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;
import org.javisor.memory.Ram;

/// Buses, memory and a clock that stands still, with devices on them, for a fuzzer to work on ([DeviceFuzz]).
///
/// Everything that the outside can see of the devices goes into [#observed]: what reads give, how wires are driven,
/// what messages and bytes are sent.
public final class FuzzRig implements AutoCloseable {
    public static final long MEMORY_BYTES = 1L << 20;
    private static final int[] SIZES = {1, 2, 4, 8};
    private static final int MAX_ACTION_ACCESSES = 64;

    /// Something a driver or the host does, that random accesses would hardly come upon.
    @FunctionalInterface
    public interface Action {
        void run(SplittableRandom random);
    }

    public final ManualClock clock = new ManualClock();
    public final IoBus ports = new IoBus("port", 0xffff);
    public final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    public final GuestMemory memory = new GuestMemory();
    private final Ram ram = Ram.allocate(MEMORY_BYTES);
    private final List<Ram> chipMemory = new ArrayList<>();
    private final List<Chip<?>> chips = new ArrayList<>();
    private final List<Action> actions = new ArrayList<>();
    private final List<ProbeLine> wires = new ArrayList<>();
    private final List<MemorySegment> storage = new ArrayList<>();
    private long observed;
    private Supplier<String> last = () -> "nothing";

    /// A rig without devices, whose clock has run to `nanos`.
    FuzzRig(long nanos) {
        clock.advanceTo(nanos);
        memory.addSlot(0, 0, ram);
    }

    // ---- building ----

    /// Puts a device at ports.
    public <D extends BusDevice & Chip<?>> FuzzRig atPorts(long first, long count, D device) {
        ports.attach(first, count, device, device.getClass().getSimpleName());
        return chip(device);
    }

    /// Puts a device into memory space.
    public <D extends BusDevice & Chip<?>> FuzzRig atAddress(long first, long bytes, D device) {
        mmio.attach(first, bytes, device, device.getClass().getSimpleName());
        return chip(device);
    }

    /// Has a chip reset, saved and loaded with the others, in the order in which they are told here.
    public FuzzRig chip(Chip<?> chip) {
        chips.add(chip);
        return this;
    }

    /// As [#chip(Chip)], for something that is no [Chip] but does what one does.
    public <S extends Record> FuzzRig chip(Runnable reset, Supplier<S> save, Consumer<S> restore) {
        return chip(new Chip<S>() {
            @Override
            public void reset() {
                reset.run();
            }

            @Override
            public S save() {
                return save.get();
            }

            @Override
            public void load(S state) {
                restore.accept(state);
            }
        });
    }

    public FuzzRig action(Action action) {
        actions.add(action);
        return this;
    }

    /// Memory of the host's that keeps what devices write to disks.
    public MemorySegment storage(long bytes) {
        MemorySegment segment = Arena.ofAuto().allocate(bytes);
        storage.add(segment);
        return segment;
    }

    /// Memory that a chip has of its own. What it holds is part of the chip's state.
    public Ram chipMemory(long bytes) {
        Ram allocated = Ram.allocate(bytes);
        chipMemory.add(allocated);
        return allocated;
    }

    /// A wire for a device to drive.
    public InterruptLine wire() {
        ProbeLine wire = new ProbeLine();
        wires.add(wire);
        return wire;
    }

    /// Takes messages of a device.
    public MsiSink msi() {
        return (address, data) -> {
            observe(address);
            observe(data);
        };
    }

    /// Tells of something that a device has sent.
    public void observe(long value) {
        observed = 31 * observed + value;
    }

    // ---- what is done with it ----

    /// Does one thing to the devices, decided by `seed` alone, and says what could be seen of it.
    long step(long seed) {
        observed = 0;
        SplittableRandom random = new SplittableRandom(seed);
        int kind = random.nextInt(100);
        last = () -> "kind " + kind;
        if (kind < 8) {
            clock.advance(random.nextLong(1L << random.nextInt(1, 34)));
        } else if (kind < 16) {
            int size = SIZES[random.nextInt(SIZES.length)];
            memory.store(random.nextLong(MEMORY_BYTES - size), size, value(random));
        } else if (kind < 40 && !actions.isEmpty()) {
            int action = random.nextInt(actions.size());
            last = () -> "action " + action;
            actions.get(action).run(random);
        } else if (kind == 40 && random.nextInt(20) == 0) {
            chips.forEach(Chip::reset);
        } else {
            access(random);
        }
        wires.forEach(wire -> observe(wire.takeEdges() * 2L + (wire.high() ? 1 : 0)));
        return observed;
    }

    /// What the last step did.
    String last() {
        return last.get();
    }

    private void access(SplittableRandom random) {
        IoBus.Range[] atPorts = ports.ranges();
        IoBus.Range[] atAddresses = mmio.ranges();
        int choice = random.nextInt(atPorts.length + atAddresses.length);
        boolean port = choice < atPorts.length;
        IoBus.Range range = port ? atPorts[choice] : atAddresses[choice - atPorts.length];
        int size = SIZES[random.nextInt(port ? 3 : 4)];
        // What drivers use lies mostly at the beginning of what is large.
        long reach = random.nextBoolean() ? range.bytes() : Math.min(range.bytes(), 64);
        long address = range.start() + random.nextLong(reach);
        IoBus bus = port ? ports : mmio;
        if (random.nextInt(3) == 0) {
            long read = bus.read(address, size);
            observe(read);
            last = () -> String.format("read %d bytes at 0x%x of %s: 0x%x", size, address, range, read);
        } else {
            long written = value(random);
            last = () -> String.format("write %d bytes at 0x%x of %s: 0x%x", size, address, range, written);
            bus.write(address, size, written);
        }
    }

    /// A value of a kind that registers and descriptors are sensitive to.
    public static long value(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1L << random.nextInt(64);
            case 3 -> random.nextInt(256);
            case 4 -> random.nextLong(MEMORY_BYTES) & -16;
            default -> random.nextLong();
        };
    }

    /// Writes random bytes to one port and reads others around it, as when a command is sent.
    public Action commands(long port, int... first) {
        return random -> {
            ports.write(port, 1, first[random.nextInt(first.length)]);
            for (int n = random.nextInt(MAX_ACTION_ACCESSES); n > 0 && random.nextInt(12) != 0; n--) {
                ports.write(port, 1, value(random) & 0xff);
            }
        };
    }

    /// Reaches configuration space by ports 0xcf8 and 0xcfc.
    ///
    /// @param devfn of the function
    public Action configuration(int devfn) {
        return random -> {
            int offset = random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(64);
            ports.write(0xcf8, 4, 0x8000_0000L | devfn << 8 | offset & 0xfc);
            int size = SIZES[random.nextInt(3)];
            long data = 0xcfc + (offset & 4 - size);
            if (random.nextBoolean()) {
                observe(ports.read(data, size));
            } else {
                // The command register mostly on, that there is something behind the BARs.
                ports.write(data, size, offset == 4 && random.nextInt(4) != 0 ? 7 : value(random));
            }
        };
    }

    // ---- state ----

    List<Record> save() {
        List<Record> states = new ArrayList<>();
        chips.forEach(chip -> states.add(chip.save()));
        return states;
    }

    /// Becomes what `other` is, by its chips' states, its memory and its storage alone.
    void become(FuzzRig other) {
        byte[] content = other.content();
        memory.store(0, content);
        for (int n = 0; n < storage.size(); n++) {
            storage.get(n).copyFrom(other.storage.get(n));
        }
        List<Record> states = other.save();
        for (int n = 0; n < chips.size(); n++) {
            load(chips.get(n), states.get(n));
        }
        wires.forEach(ProbeLine::takeEdges);
    }

    @SuppressWarnings("unchecked")
    private static <S extends Record> void load(Chip<S> chip, Record state) {
        chip.load((S) Records.rebuilt(state));
    }

    byte[] content() {
        byte[] content = new byte[(int) MEMORY_BYTES];
        memory.load(0, content, 0, content.length);
        return content;
    }

    /// Hands the rig to `build`, and back.
    FuzzRig with(Consumer<FuzzRig> build) {
        build.accept(this);
        return this;
    }

    @Override
    public void close() {
        ram.close();
        chipMemory.forEach(Ram::close);
    }
}
