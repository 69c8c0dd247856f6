// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The test386.asm ROM, which is not part of this project. To run it, name with `-Djavisor.suites=DIR` a
/// directory in which `DIR/test386.asm` is its tree, built with `OUT_PORT equ 0xe9` and `ROM128 equ 1`.
@Timeout(300)
class Test386Test {
    private static final long BELOW_1_MIB = 0x10_0000, BELOW_4_GIB = 0x1_0000_0000L;
    private static final int POST_PORT = 0x190, OUTPUT_PORT = 0xe9, DONE = 0xff;

    private final List<Integer> posted = new ArrayList<>();
    private final StringBuilder output = new StringBuilder();

    @Test
    void everyTestPassesAndPrintsWhatAn80386Does() throws Exception {
        String directory = System.getProperty("javisor.suites");
        assumeTrue(directory != null, "javisor.suites names no directory with built test suites");
        Path rom = Path.of(directory, "test386.asm", "test386.bin");
        assumeTrue(Files.exists(rom), rom + " is not there");

        VmExit exit = run(Files.readAllBytes(rom));

        assertEquals(DONE, posted.getLast(), () -> "stopped by " + exit + " after " + posted);
        String expected = Files.readString(rom.resolveSibling("test386-EE-reference.txt"));
        assertTrue(expected.replace("\r", "").contentEquals(output),
                "what it prints differs from the reference");
    }

    private VmExit run(byte[] rom) {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);
                Ram low = Ram.allocate(16 << 20);
                Ram high = Ram.allocate(rom.length);
                Vm vm = hypervisor.createVm(VmConfig.BARE.withExecution(TestEngine.chosen()))) {
            vm.memory().addSlot(0, 0, low);
            vm.memory().addSlot(1, BELOW_4_GIB - rom.length, high);
            vm.memory().store(BELOW_1_MIB - rom.length, rom);
            vm.memory().store(BELOW_4_GIB - rom.length, rom);
            vm.ports().attach(POST_PORT, 1, writeOnly(posted::add), "POST code");
            vm.ports().attach(OUTPUT_PORT, 1, writeOnly(this::print), "output");
            Vcpu vcpu = vm.createVcpu(0);
            VmExit exit = vcpu.run();
            while (exit instanceof VmExit.PortRead || exit instanceof VmExit.PortWrite) {
                exit = vcpu.run();
            }
            return exit;
        }
    }

    private void print(int character) {
        if (character != '\r') {
            output.append((char) character);
        }
    }

    private static BusDevice writeOnly(IntConsumer sink) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0xff;
            }

            @Override
            public void write(long offset, int size, long value) {
                sink.accept((int) value & 0xff);
            }
        };
    }
}
