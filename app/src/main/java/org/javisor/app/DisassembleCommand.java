// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.software.HostCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `javisor disassemble`: guest code from a file beside the host code that the translator makes of it.
@Command(name = "disassemble", mixinStandardHelpOptions = true,
        description = "Prints guest code beside the host code that it becomes. Of a guest that runs, see run"
            + " --disassemble.")
final class DisassembleCommand implements Callable<Integer> {
    private static final int LARGEST = 1 << 20;

    @Parameters(index = "0", paramLabel = "FILE", description = "A file that contains machine code; - for standard"
            + " input.")
    private String file;

    @Option(names = "--offset", paramLabel = "N", description = "Where in FILE the code begins, in bytes; 0x for"
            + " hexadecimal.", converter = Amount.class)
    private long offset;

    @Option(names = "--length", paramLabel = "N", description = "How many bytes it has (default: all that follow, at"
            + " most a MiB).", converter = Amount.class)
    private long length = LARGEST;

    @Option(names = "--address", paramLabel = "N", description = "Where the guest has it (default 0x401000).",
            converter = Amount.class)
    private long address = 0x40_1000;

    @Option(names = "--bits", paramLabel = "N", description = "64 (the default), or 32 for code in flat segments.")
    private int bits = 64;

    @Option(names = "--kernel", description = "It is a kernel's: what only a kernel may execute becomes host code,"
            + " too.")
    private boolean kernel;

    @Option(names = "--second-tier", description = "It is executed much: what leads to each other becomes one region.")
    private boolean second;

    @Spec
    private CommandSpec spec;

    /// Decimal, or hexadecimal behind `0x`.
    static final class Amount implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
        }
    }

    @Override
    public Integer call() {
        if (bits != 64 && bits != 32) {
            throw new ConfigurationException("--bits " + bits + ": 64 or 32 is meant");
        }
        if (offset < 0 || length <= 0 || length > LARGEST) {
            throw new ConfigurationException("--offset and --length: 1 to " + LARGEST + " bytes are possible");
        }
        byte[] code = read();
        if (code.length == 0) {
            throw new ConfigurationException(file + " has no byte at " + offset);
        }
        spec.commandLine().getOut().print(HostCode.of(code, address, bits, kernel, second));
        spec.commandLine().getOut().flush();
        return ExitStatus.POWERED_OFF;
    }

    private byte[] read() {
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            in.skipNBytes(offset);
            return in.readNBytes((int) length);
        } catch (EOFException e) {
            return new byte[0];
        } catch (IOException e) {
            throw new ConfigurationException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
