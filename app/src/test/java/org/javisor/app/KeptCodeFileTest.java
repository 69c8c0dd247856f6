// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import org.javisor.cpu.KeptCode;
import org.javisor.cpu.TranslationStats;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.memory.Ram;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptCodeFileTest {
    /// lgdt [0x1080]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:0x1020
    private static final String ENTRY = "0f01168010 0f20c0 0c01 0f22c0 ea20100800";
    /// mov ax, 16; mov ds, ax; mov es, ax; mov ss, ax; mov ecx, 1000; 1: dec ecx; jnz 1b; hlt
    private static final String LOOP = "66b81000 8ed8 8ec0 8ed0 b9e8030000 49 75fd f4";
    /// The limit and the address of the table behind: nothing, code, data.
    private static final String DESCRIPTORS = "1700 88100000 0000 0000000000000000 ffff0000009bcf00 ffff00000093cf00";

    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void onX86() throws IOException {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "no translator for this host");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        file = directory.resolve("host-code");
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static TranslationStats run(KeptCode code) {
        VmConfig config = VmConfig.BARE.withTranslator(TranslatorConfig.DEFAULT.withKeptCode(code));
        try (Hypervisor hypervisor = Hypervisor.open(); Ram ram = Ram.allocate(1 << 20)) {
            Vm vm = hypervisor.createVm(config);
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, bytes(ENTRY));
            vm.memory().store(0x1020, bytes(LOOP));
            vm.memory().store(0x1080, bytes(DESCRIPTORS));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            assertEquals(VmExit.Halt.INSTANCE, vcpu.run());
            return vm.translationStats();
        }
    }

    private TranslationStats run() {
        try (KeptCodeFile kept = new KeptCodeFile(file)) {
            return run(kept.code());
        }
    }

    private void assertForgotten() {
        TranslationStats stats = run();
        assertTrue(stats.translations() > 0 && stats.restored() == 0, () -> stats.toString());
    }

    @Test
    void theNextRunUsesWhatThisOneMade() {
        assertForgotten();

        TranslationStats stats = run();

        assertTrue(stats.restored() > 0 && stats.restored() == stats.translations(), () -> stats.toString());
    }

    @Test
    void onlyItsOwnerMayReadOrWriteIt() throws IOException {
        run();

        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    void aFileThatOthersMayWriteIsNotBelieved() throws IOException {
        run();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw--w----"));

        assertForgotten();
    }

    @Test
    void norIsOneInADirectoryThatOthersMayWrite() throws IOException {
        run();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx---rwx"));

        assertForgotten();
    }

    @Test
    void norOneThatALinkLeadsTo() throws IOException {
        run();
        Path real = Files.move(file, directory.resolve("real"));
        Files.createSymbolicLink(file, real);

        assertForgotten();
    }

    @Test
    void aRunThatMakesNothingWritesNothing() {
        new KeptCodeFile(file).close();

        assertFalse(Files.exists(file));
    }

    @Test
    void whatIsNoSuchFileIsAsGoodAsNone() throws IOException {
        for (byte[] content : new byte[][] {{}, {1, 2, 3}, new byte[64], "HOSTCOD and then much text".getBytes()}) {
            Files.write(file, content);

            assertForgotten();
            Files.delete(file);
        }
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsNoError() throws IOException {
        Path notADirectory = Files.writeString(directory.resolve("text"), "text");
        try (KeptCodeFile kept = new KeptCodeFile(notADirectory.resolve("host-code"))) {
            run(kept.code());
        }

        assertEquals("text", Files.readString(notADirectory));
    }
}
