// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import org.javisor.machine.Machine;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmExit;

/// One client's session: answers its packets, tells it of stops. vCPUs are its threads, numbered from 1.
///
/// Everything happens on the thread of [#run]; what others have to say goes through a queue.
///
/// @gdb manual, appendix E.2 "Packets"
final class GdbSession {
    /// What [#run] waits for.
    private sealed interface Event {
        record Received(PacketChannel.Arrival arrival) implements Event { }

        record Stopped(Vcpu vcpu, VmExit.Debug exit) implements Event { }

        /// The connection has ended, or the machine has.
        record Ended(boolean machine) implements Event { }
    }

    private static final String OK = "OK", UNKNOWN = "";
    private static final int FAREWELL_MILLIS = 500;
    private static final int SIGINT = 2, SIGTRAP = 5;

    private final Machine machine;
    private final PacketChannel channel;
    private final RunControl control;
    private final GuestView view;
    private final Breakpoints breakpoints;
    private final MonitorCommands monitor;
    private final RegisterFile registers = new RegisterFile();
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    /// The thread that registers and memory are asked of, and the one that `c` and `s` mean.
    private Vcpu current;
    private boolean running;
    private boolean over;

    /// @param paused whether the machine has been paused for this client already
    GdbSession(Machine machine, PacketChannel channel, boolean paused) {
        this.machine = machine;
        this.channel = channel;
        this.control = new RunControl(machine.vm(), paused, (vcpu, exit) -> events.add(new Event.Stopped(vcpu, exit)));
        this.view = new GuestView(machine.vm().memory());
        this.breakpoints = new Breakpoints(view);
        this.monitor = new MonitorCommands(machine, view);
        this.current = machine.vm().vcpus().getFirst();
    }

    /// Says that the machine has ended; any thread.
    void machineEnded() {
        events.add(new Event.Ended(true));
        control.release();
    }

    /// Serves the client until it leaves or the machine ends. The guest is stopped meanwhile, but when the client has
    /// it run; afterwards it runs.
    void run() throws IOException, InterruptedException {
        machine.debugger(control);
        control.stop();
        Thread receiver = Thread.ofVirtual().name("javisor-gdb-receiver").start(this::receive);
        try {
            while (!over) {
                handle(events.take());
            }
            // Closed with something unread, the connection would be reset, and what was sent last perhaps lost.
            channel.finish();
            receiver.join(Duration.ofMillis(FAREWELL_MILLIS));
        } finally {
            channel.close();
            leave();
        }
    }

    private void leave() {
        control.stop();
        breakpoints.clear();
        control.detach();
        control.release();
        machine.debugger(null);
    }

    private void receive() {
        try {
            while (true) {
                events.add(new Event.Received(channel.receive()));
            }
        } catch (IOException e) {
            events.add(new Event.Ended(false));
        }
    }

    private void handle(Event event) throws IOException {
        switch (event) {
            case Event.Received(PacketChannel.Arrival.Break _) -> stopBecause(SIGINT, "");
            case Event.Received(PacketChannel.Arrival.Packet(byte[] data)) -> packet(data);
            case Event.Stopped(Vcpu vcpu, VmExit.Debug exit) -> {
                // A second vCPU that met something before it was stopped meets it again when it goes on.
                if (running) {
                    current = vcpu;
                    stopBecause(SIGTRAP, reason(exit));
                }
            }
            case Event.Ended(boolean machineEnded) -> {
                if (machineEnded) {
                    send("W00");
                }
                over = true;
            }
        }
    }

    private void stopBecause(int signal, String reason) throws IOException {
        if (running) {
            control.stop();
            running = false;
            send(stopReply(signal, reason));
        }
    }

    private String stopReply(int signal, String reason) {
        return String.format("T%02xthread:%x;%s", signal, current.id() + 1, reason);
    }

    private static String reason(VmExit.Debug exit) {
        String watched = String.format(":%x;", exit.address());
        return switch (exit.event()) {
            case STEP -> "";
            case INT3 -> "swbreak:;";
            case BREAKPOINT -> "hwbreak:;";
            case WRITE -> "watch" + watched;
            case READ -> "rwatch" + watched;
            case ACCESS -> "awatch" + watched;
        };
    }

    private void send(String text) throws IOException {
        channel.send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    // ---- packets ----

    private void packet(byte[] data) throws IOException {
        String packet = new String(data, StandardCharsets.ISO_8859_1);
        String answer;
        try {
            answer = answer(packet);
        } catch (BadPacket e) {
            answer = "E01";
        }
        if (answer != null) {
            send(answer);
        }
        if (packet.equals("QStartNoAckMode")) {
            channel.acknowledgeNoMore();
        }
    }

    /// @return null when there is no answer now
    private String answer(String packet) {
        if (packet.isEmpty()) {
            return UNKNOWN;
        }
        if (running) {
            // The client's move is to wait; all-stop clients send nothing else.
            throw new BadPacket("the guest runs");
        }
        String rest = packet.substring(1);
        return switch (packet.charAt(0)) {
            case '?' -> stopReply(SIGTRAP, "");
            case 'g' -> Hex.of(registers.readAll(current.registers()));
            case 'G' -> {
                registers.writeAll(current.registers(), Hex.bytes(rest));
                yield OK;
            }
            case 'p' -> Hex.of(registers.read(current.registers(), (int) Hex.number(rest)));
            case 'P' -> writeRegister(rest);
            case 'm' -> readMemory(rest);
            case 'M' -> writeMemory(rest, true);
            case 'X' -> writeMemory(rest, false);
            case 'Z', 'z' -> breakpoint(packet.charAt(0) == 'Z', rest);
            case 'c', 'C', 's', 'S' -> resumeAll(packet);
            case 'H' -> selectThread(rest);
            case 'T' -> vcpu(Hex.number(rest)) == null ? "E01" : OK;
            case 'D' -> {
                over = true;
                yield OK;
            }
            case 'k' -> {
                over = true;
                machine.stop();
                yield null;
            }
            case 'q', 'Q' -> query(packet);
            case 'v' -> verbose(packet);
            default -> UNKNOWN;
        };
    }

    private String writeRegister(String arguments) {
        String[] parts = split(arguments, "=", 2);
        registers.write(current.registers(), (int) Hex.number(parts[0]), Hex.bytes(parts[1]));
        return OK;
    }

    private static String[] split(String text, String separator, int parts) {
        String[] split = text.split(separator, parts);
        if (split.length != parts) {
            throw new BadPacket("incomplete: " + text);
        }
        return split;
    }

    private String readMemory(String arguments) {
        String[] parts = split(arguments, ",", 2);
        long count = Hex.number(parts[1]);
        if (count < 0 || count > PacketChannel.MAX_PACKET) {
            throw new BadPacket("too much to read at once");
        }
        byte[] bytes = view.read(current, Hex.number(parts[0]), (int) count);
        if (bytes.length == 0 && count != 0) {
            throw new BadPacket("nothing can be read there");
        }
        return Hex.of(bytes);
    }

    private String writeMemory(String arguments, boolean hexadecimal) {
        String[] parts = split(arguments, ":", 2);
        String[] range = split(parts[0], ",", 2);
        byte[] bytes = hexadecimal ? Hex.bytes(parts[1]) : parts[1].getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length != Hex.number(range[1])) {
            throw new BadPacket("not as many bytes as announced");
        }
        view.write(current, Hex.number(range[0]), bytes);
        return OK;
    }

    private String breakpoint(boolean insert, String arguments) {
        // Conditions and commands behind a semicolon are for stubs that announce them.
        String[] parts = split(arguments.split(";", 2)[0], ",", 3);
        int type = (int) Hex.number(parts[0]);
        long address = Hex.number(parts[1]);
        int bytes = (int) Hex.number(parts[2]);
        if (type > 4) {
            return UNKNOWN;
        }
        if (insert) {
            breakpoints.insert(current, type, address, bytes);
        } else {
            breakpoints.remove(type, address, bytes);
        }
        return OK;
    }

    // ---- threads ----

    /// The vCPU that a thread number means, or null.
    private Vcpu vcpu(long thread) {
        return machine.vm().vcpus().stream().filter(vcpu -> vcpu.id() + 1 == thread).findFirst().orElse(null);
    }

    private String selectThread(String arguments) {
        if (arguments.length() < 2) {
            throw new BadPacket("no thread");
        }
        String thread = arguments.substring(1);
        if (!thread.equals("0") && !thread.startsWith("-")) {
            Vcpu chosen = vcpu(Hex.number(thread));
            if (chosen == null) {
                throw new BadPacket("no thread " + thread);
            }
            current = chosen;
        }
        return OK;
    }

    // ---- running ----

    /// `c` and `s`, with an address perhaps, and `C` and `S`, whose signal a processor has no use for.
    private String resumeAll(String packet) {
        boolean step = Character.toLowerCase(packet.charAt(0)) == 's';
        String argument = Character.isUpperCase(packet.charAt(0)) ? packet.replaceFirst("^..?.?;?", "")
                : packet.substring(1);
        if (!argument.isEmpty()) {
            current.registers().rip(Hex.number(argument));
        }
        BitSet all = everyVcpu();
        BitSet stepping = new BitSet();
        if (step) {
            all.clear();
            all.set(current.id());
            stepping.set(current.id());
        }
        return resume(all, stepping);
    }

    private BitSet everyVcpu() {
        BitSet all = new BitSet();
        machine.vm().vcpus().forEach(vcpu -> all.set(vcpu.id()));
        return all;
    }

    private String resume(BitSet going, BitSet stepping) {
        running = true;
        control.resume(going, stepping, breakpoints.all());
        return null;
    }

    /// `vCont;action[:thread];...`: the first action that names a vCPU, or no thread, is its own.
    private String resumeSome(String actions) {
        BitSet decided = new BitSet();
        BitSet going = new BitSet();
        BitSet stepping = new BitSet();
        for (String action : actions.split(";")) {
            String[] parts = action.split(":", 2);
            BitSet meant = parts.length == 1 || parts[1].equals("-1") ? everyVcpu() : only(parts[1]);
            meant.andNot(decided);
            decided.or(meant);
            switch (parts[0].isEmpty() ? 0 : parts[0].charAt(0)) {
                case 'c', 'C' -> going.or(meant);
                case 's', 'S' -> {
                    going.or(meant);
                    stepping.or(meant);
                }
                default -> throw new BadPacket("no action " + action);
            }
        }
        return resume(going, stepping);
    }

    private BitSet only(String thread) {
        Vcpu vcpu = vcpu(Hex.number(thread));
        if (vcpu == null) {
            throw new BadPacket("no thread " + thread);
        }
        BitSet set = new BitSet();
        set.set(vcpu.id());
        return set;
    }

    private String verbose(String packet) {
        if (packet.equals("vCont?")) {
            return "vCont;c;C;s;S";
        }
        if (packet.startsWith("vCont;")) {
            return resumeSome(packet.substring("vCont;".length()));
        }
        if (packet.startsWith("vKill")) {
            over = true;
            machine.stop();
            return OK;
        }
        return UNKNOWN;
    }

    // ---- queries ----

    private String query(String packet) {
        List<String> words = Arrays.asList(packet.split("[:,;]", 2));
        String rest = words.size() > 1 ? words.get(1) : "";
        return switch (words.getFirst()) {
            case "qSupported" -> String.format("PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;swbreak+;hwbreak+;"
                    + "vContSupported+", PacketChannel.MAX_PACKET);
            case "QStartNoAckMode", "qSymbol" -> OK;
            case "qAttached" -> "1";
            case "qC" -> String.format("QC%x", current.id() + 1);
            case "qfThreadInfo" -> "m" + machine.vm().vcpus().stream()
                    .map(vcpu -> Integer.toHexString(vcpu.id() + 1)).collect(Collectors.joining(","));
            case "qsThreadInfo" -> "l";
            case "qThreadExtraInfo" -> threadInfo(vcpu(Hex.number(rest)));
            case "qRcmd" -> console(monitor.answer(current, new String(Hex.bytes(rest), StandardCharsets.UTF_8)));
            case "qXfer" -> description(rest);
            case "qqemu.PhyMemMode" -> view.physical() ? "1" : "0";
            case "Qqemu.PhyMemMode" -> {
                view.physical(rest.equals("1"));
                yield OK;
            }
            default -> UNKNOWN;
        };
    }

    private static String threadInfo(Vcpu vcpu) {
        if (vcpu == null) {
            throw new BadPacket("no such thread");
        }
        return Hex.of(String.format("vCPU %d, CPL %d", vcpu.id(), vcpu.registers().cpl()));
    }

    /// A monitor command's output; nothing to say is OK.
    private static String console(String text) {
        return text.isEmpty() ? OK : Hex.of(text);
    }

    /// `features:read:target.xml:offset,length`.
    private String description(String arguments) {
        String[] parts = split(arguments, ":", 4);
        if (!parts[0].equals("features") || !parts[1].equals("read") || !parts[2].equals("target.xml")) {
            return "E00";
        }
        String[] range = split(parts[3], ",", 2);
        String text = registers.description();
        int from = (int) Math.min(Hex.number(range[0]) & Integer.MAX_VALUE, text.length());
        int to = (int) Math.min(from + (Hex.number(range[1]) & 0xffff), text.length());
        return (to == text.length() ? "l" : "m") + text.substring(from, to);
    }
}
