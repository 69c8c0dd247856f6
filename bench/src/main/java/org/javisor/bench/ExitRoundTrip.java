// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// How long a guest's exit to its VMM and the way back take under KVM: from Java, and in the same loop in C, which is
/// compiled here. They take turns, in many short rounds, and the medians count, so that what else the host does bears
/// on both; the best rounds are told too.
///
/// Ends with status 1 if Java takes more than [#BOUND] times as long.
final class ExitRoundTrip {
    private static final double BOUND = 1.2;
    private static final int EXITS = 2_000, TURNS = 60, WARM_UP = 20_000;
    private static final int CODE = 0x1000;
    private static final long RAM_BYTES = 1 << 20;
    /// DS of the guest: what it writes to at 0x10 is behind its memory.
    private static final int DATA = 0xffff;

    /// A guest that exits for ever.
    private enum Loop {
        /// again: out 0x80, al; jmp again
        PORT("e680ebfc"),
        /// again: mov [0x10], al; jmp again
        MMIO("a21000ebfb");

        private final byte[] code;

        Loop(String code) {
            this.code = HexFormat.of().parseHex(code);
        }
    }

    private long seen;

    private ExitRoundTrip() { }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("javisor-exits");
        try {
            Path program = compile(directory);
            boolean within = true;
            for (Loop loop : Loop.values()) {
                within &= new ExitRoundTrip().compare(loop, program);
            }
            System.exit(within ? 0 : 1);
        } finally {
            for (String file : new String[] {"exits", "exits.c", ""}) {
                Files.deleteIfExists(directory.resolve(file));
            }
        }
    }

    private static Path compile(Path directory) throws IOException, InterruptedException {
        Path source = directory.resolve("exits.c");
        try (InputStream text = ExitRoundTrip.class.getResourceAsStream("exits.c")) {
            Files.copy(text, source);
        }
        Path program = directory.resolve("exits");
        Process compiler = new ProcessBuilder("gcc", "-O2", "-o", program.toString(), source.toString())
                .inheritIO().start();
        if (compiler.waitFor() != 0) {
            throw new IOException("gcc did not compile " + source);
        }
        return program;
    }

    private boolean compare(Loop loop, Path program) throws IOException, InterruptedException {
        double[] inC = new double[TURNS];
        double[] inJava = new double[TURNS];
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.KVM);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(RAM_BYTES)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(CODE, loop.code);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(CODE);
            vcpu.registers().segment(Registers.DS, Registers.Segment.realMode(DATA));
            exits(vcpu, WARM_UP);
            for (int turn = 0; turn < TURNS; turn++) {
                inC[turn] = inC(program, loop);
                inJava[turn] = exits(vcpu, EXITS);
            }
        }
        Arrays.sort(inC);
        Arrays.sort(inJava);
        double ratio = inJava[TURNS / 2] / inC[TURNS / 2];
        System.out.printf(Locale.ROOT, "%-5s exit round trip: C %8.1f ns (best %.1f), Java %8.1f ns (best %.1f),"
                + " %.3f times (best %.3f, at most %.1f)%n", loop, inC[TURNS / 2], inC[0], inJava[TURNS / 2], inJava[0],
                ratio, inJava[0] / inC[0], BOUND);
        return ratio <= BOUND;
    }

    /// Nanoseconds of one exit.
    private double exits(Vcpu vcpu, int count) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            seen += switch (vcpu.run()) {
                case VmExit.PortWrite(int port, _, int value) -> port + value;
                case VmExit.MmioWrite(long gpa, _, long value) -> gpa + value;
                case VmExit other -> throw new IllegalStateException("the guest exits with " + other);
            };
        }
        return (double) (System.nanoTime() - start) / count;
    }

    private static double inC(Path program, Loop loop) throws IOException, InterruptedException {
        Process run = new ProcessBuilder(program.toString(), HexFormat.of().formatHex(loop.code),
                Integer.toString(EXITS), "1")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String answer = new String(run.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (run.waitFor() != 0) {
            throw new IOException("the program in C failed");
        }
        return Double.parseDouble(answer);
    }
}
